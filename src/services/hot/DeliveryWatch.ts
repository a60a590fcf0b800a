/**
 * HOT PATH. Looks at one delivery closely: when it was handed to the mailboxes, and what became of it in each shard. Deliveries that are
 * traced have one; all others have none, and cost one look at an undefined field for each shard.
 */
import type { Delivery, DropReasons } from "./Publication.ts"

/** Shards of a process that a watch tells apart; what became of a publication in further ones is in the sums alone. */
export const MAX_SHARDS_WATCHED = 64

/** What became of one publication in one shard. Times are milliseconds since the epoch, NaN where it wrote to nobody. */
export interface ShardDelivery extends DropReasons {
  /** "shard-0" */
  readonly shard: string
  readonly eligible: number
  readonly written: number
  readonly firstWriteAt: number
  readonly lastWriteAt: number
}

export class DeliveryWatch {
  /** Those that had somebody to write to. */
  readonly shards: Array<ShardDelivery> = []

  /** The publication goes to the mailboxes now. */
  handed(): void {}

  add(part: ShardDelivery): void {
    if (part.eligible > 0 && this.shards.length < MAX_SHARDS_WATCHED) this.shards.push(part)
  }

  /** All parts have come. */
  completed(_delivery: Delivery): void {}
}
