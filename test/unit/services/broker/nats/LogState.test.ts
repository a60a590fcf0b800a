/** The state machine of a channel's log, against the history in memory, which is held to the same contract. */
import fc from "fast-check"
import { describe, expect, it } from "vitest"
import type { StreamOptions } from "../../../../../src/services/broker/Broker.ts"
import {
  alive,
  Draft,
  firstOf,
  isUseDue,
  type Top
} from "../../../../../src/services/broker/nats/LogState.ts"
import { MemoryHistory } from "../../../../../src/services/history/MemoryHistory.ts"

const DATA = new TextEncoder().encode("a")
const STREAM: StreamOptions = { size: 5, ttlMs: 1000, metaTtlMs: 8000 }
const NOTHING: Top = { seq: 0, state: undefined }

/** A log as NATS keeps it: one message for each draft. */
class Log {
  top = NOTHING
  readonly messages: Array<{ readonly seq: number; readonly last: number }> = []
  #seq = 0

  write<A>(now: number, change: (draft: Draft) => A): A {
    const draft = new Draft(this.top, now)
    const answer = change(draft)
    if (!draft.isChanged) return answer
    // Other channels have sequences of the same stream, too.
    this.#seq += 3
    this.top = { seq: this.#seq, state: draft.state }
    const kept = this.messages.filter(({ seq }) => seq > draft.obsolete)
    this.messages.splice(0, this.messages.length, ...kept, { seq: this.#seq, last: draft.state!.offset })
    return answer
  }

  kept(now: number): { readonly first: number; readonly offset: number } | undefined {
    const state = alive(this.top.state, now)
    return state && { first: firstOf(state, now), offset: state.offset }
  }
}

const publish = (log: Log, now: number, stream = STREAM, options = {}) =>
  log.write(now, (draft) => draft.publish(DATA, stream, options))

type Step =
  | { readonly kind: "publish"; readonly count: number; readonly size: number; readonly version: number }
  | { readonly kind: "clear" }
  | { readonly kind: "open" }
  | { readonly kind: "pass"; readonly ms: number }

const steps: fc.Arbitrary<ReadonlyArray<Step>> = fc.array(
  fc.oneof(
    fc.record({
      kind: fc.constant("publish" as const),
      count: fc.integer({ min: 1, max: 6 }),
      size: fc.integer({ min: 1, max: 7 }),
      version: fc.constantFrom(0, 0, 0, 1, 2, 3)
    }),
    fc.record({ kind: fc.constant("clear" as const) }),
    fc.record({ kind: fc.constant("open" as const) }),
    fc.record({ kind: fc.constant("pass" as const), ms: fc.constantFrom(1, 400, 999, 1000) })
  ),
  { maxLength: 40 }
)

describe("the log of a channel", () => {
  it("offsets, what counts and what is suppressed are those of the history in memory", () => {
    fc.assert(
      fc.property(steps, (all) => {
        let now = 1_000_000
        const log = new Log()
        const memory = new MemoryHistory(
          () => {},
          () => now
        )
        for (const step of all) {
          if (step.kind === "pass") now += step.ms
          else if (step.kind === "clear") {
            log.write(now, (draft) => draft.clear())
            memory.clear("a")
          } else if (step.kind === "open") {
            log.write(now, (draft) => draft.open(STREAM))
            memory.read("a", { limit: 0 }, STREAM)
          } else {
            const stream = { ...STREAM, size: step.size }
            // All of them are in one message.
            const answers = log.write(now, (draft) =>
              Array.from({ length: step.count }, () => draft.publish(DATA, stream, { version: step.version }))
            )
            const expected = answers.map(() => memory.append("a", DATA, stream, { version: step.version }))
            expect(answers.map(({ offset, isSuppressed }) => [offset, isSuppressed])).toEqual(
              expected.map(({ offset, isSuppressed }) => [offset, isSuppressed])
            )
          }
          const kept = log.kept(now)
          if (kept === undefined) continue
          const { offset, publications } = memory.read("a", { limit: -1 }, STREAM)
          expect(kept).toEqual({ offset, first: publications[0]?.offset ?? offset + 1 })
        }
      })
    )
  })

  it("is over when it was not used for its time, and begins anew with another epoch; what was before may go", () => {
    const log = new Log()
    const { epoch } = publish(log, 0)
    expect(log.kept(8999)).toEqual({ offset: 1, first: 2 })
    expect(log.kept(9000)).toBeUndefined()
    const anew = publish(log, 9000)
    expect(anew.offset).toBe(1)
    expect(anew.epoch).not.toBe(epoch)
    expect(log.messages).toHaveLength(1)
  })

  it("a use is written down when it is an eighth of the time later, and then keeps the log", () => {
    const log = new Log()
    log.write(0, (draft) => draft.open(STREAM))
    const before = log.top
    expect(isUseDue(before.state!, 1000, STREAM)).toBe(false)
    log.write(1000, (draft) => draft.open(STREAM))
    expect(log.top).toBe(before)
    expect(isUseDue(before.state!, 1001, STREAM)).toBe(true)
    log.write(1001, (draft) => draft.open(STREAM))
    expect(log.kept(1001 + 8000)).toEqual({ offset: 0, first: 1 })
  })

  it("entries never outlive it: it is kept as long as they are", () => {
    const log = new Log()
    publish(log, 0, { size: 5, ttlMs: 100_000, metaTtlMs: 10 })
    expect(log.kept(99_999)).toEqual({ offset: 1, first: 1 })
  })

  it("messages of which nothing counts go now and then: never one that counts, and never very many stay", () => {
    for (const size of [1, 10, 3000]) {
      const log = new Log()
      for (let turn = 0; turn < 12_000; turn++) {
        publish(log, turn, { ...STREAM, size, ttlMs: 1e9 })
        const { first } = log.kept(turn)!
        expect(log.messages.some(({ last }) => last === first)).toBe(true)
      }
      expect(log.messages.length).toBeLessThanOrEqual(2 * size + 501)
    }
  })

  it("a removal and what is published after it may be in one message", () => {
    const log = new Log()
    publish(log, 0)
    log.write(1, (draft) => {
      draft.publish(DATA, STREAM, {})
      draft.clear()
      draft.publish(DATA, STREAM, {})
    })
    expect(log.kept(1)).toEqual({ offset: 3, first: 3 })
    expect(log.messages).toHaveLength(1)
  })

  it("of what is unknown nothing is removed", () => {
    const log = new Log()
    log.write(0, (draft) => draft.clear())
    expect(log.top).toBe(NOTHING)
  })
})
