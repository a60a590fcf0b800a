/** One commit of durable history, while it is put together: what becomes of streams and keys, and what is to be written for that. */
import type { Write } from "../../store/Store.ts"
import { Draft } from "./Draft.ts"
import type { DurableStream } from "./DurableStream.ts"
import { DUE, KEYS, type KeyRecord, moveDue, put, remove } from "./records.ts"

const nameOf = (stream: string, key: string): string => `${stream.length} ${stream}${key}`

export class Batch {
  readonly drafts = new Map<string, Draft>()
  readonly #keys = new Map<string, KeyRecord | undefined>()
  readonly #writes: Array<Write> = []

  constructor(readonly now: number) {}

  hasKey(stream: string, key: string): boolean {
    return this.#keys.has(nameOf(stream, key))
  }

  /** What the store has. */
  loadKey(stream: string, key: string, record: KeyRecord | undefined): void {
    this.#keys.set(nameOf(stream, key), record)
  }

  key(stream: string, key: string): KeyRecord | undefined {
    return this.#keys.get(nameOf(stream, key))
  }

  putKey(stream: string, key: string, record: KeyRecord): void {
    const known = this.key(stream, key)
    this.#keys.set(nameOf(stream, key), record)
    this.write(put(KEYS, [stream, key], record))
    if (known?.due !== record.due) this.write(...moveDue(known?.due, record.due, stream, key))
  }

  removeKey(stream: string, key: string): void {
    const known = this.key(stream, key)
    if (known !== undefined) this.write(remove(DUE, [known.due, stream, key]))
    this.#keys.set(nameOf(stream, key), undefined)
    this.write(remove(KEYS, [stream, key]))
  }

  write(...writes: ReadonlyArray<Write>): void {
    for (const write of writes) this.#writes.push(write)
  }

  draft(stream: DurableStream): Draft {
    let draft = this.drafts.get(stream.name)
    if (draft === undefined) {
      draft = new Draft(stream)
      this.drafts.set(stream.name, draft)
    }
    return draft
  }

  /** All that is to be written; `stand` brings what is in memory to the same. */
  finish(): {
    readonly writes: ReadonlyArray<Write>
    readonly stand: (change: (stream: DurableStream, how: () => void) => void) => void
  } {
    const finished = [...this.drafts.values()].map((draft) => ({ draft, ...draft.finish(this.now) }))
    return {
      writes: [...this.#writes, ...finished.flatMap(({ writes }) => writes)],
      stand: (change) => {
        for (const { draft, record } of finished)
          change(draft.stream, () => draft.stream.advance(record, draft.appended))
      }
    }
  }
}
