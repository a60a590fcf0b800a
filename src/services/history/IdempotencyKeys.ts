/**
 * What came of the publications with an idempotency key, for five minutes.
 *
 * Two generations: a full or old one becomes the one before, and what that held is forgotten as a whole. So nothing is searched, sorted or
 * removed one by one; a key takes memory for ten minutes at most.
 */
import { createHash } from "node:crypto"
import type { StreamPosition } from "../hot/ChannelEvent.ts"

export const IDEMPOTENCY_TTL_MS = 5 * 60_000

/** Longer keys are remembered by their SHA-256, so that a key has a bounded size. */
const LONGEST_KEY = 64

interface Known extends StreamPosition {
  readonly until: number
}

export class IdempotencyKeys {
  #young = new Map<string, Known>()
  #old = new Map<string, Known>()
  #turnsAt = 0

  /** @param most keys of all channels together; beyond it the older half is forgotten before its time */
  constructor(readonly most: number) {}

  get size(): number {
    return this.#young.size + this.#old.size
  }

  /** Where the first publication with this key went. */
  find(channel: string, key: string, now: number): StreamPosition | undefined {
    const name = nameOf(channel, key)
    const known = this.#young.get(name) ?? this.#old.get(name)
    return known !== undefined && known.until > now ? known : undefined
  }

  remember(channel: string, key: string, { offset, epoch }: StreamPosition, now: number): void {
    if (this.#young.size >= this.most / 2) this.#turn(now)
    else this.expire(now)
    this.#young.set(nameOf(channel, key), { offset, epoch, until: now + IDEMPOTENCY_TTL_MS })
  }

  /** Lets go of what is over; to be called now and then. */
  expire(now: number): void {
    if (now < this.#turnsAt) return
    // Nobody came for so long that the younger ones are over, too.
    if (now >= this.#turnsAt + IDEMPOTENCY_TTL_MS) this.#young = new Map()
    this.#turn(now)
  }

  #turn(now: number): void {
    this.#old = this.#young
    this.#young = new Map()
    this.#turnsAt = now + IDEMPOTENCY_TTL_MS
  }
}

/** Of a channel and a key, different for each pair: the length says where the channel ends, the sign which form the key has. */
const nameOf = (channel: string, key: string): string =>
  key.length <= LONGEST_KEY
    ? `${channel.length} ${channel}${key}`
    : `${channel.length}#${channel}${createHash("sha256").update(key).digest("base64url")}`
