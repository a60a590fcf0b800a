/** Durable history does what history in memory does, and what is asked of it after a restart as if there had been none. */
import * as Effect from "effect/Effect"
import { TestClock } from "effect/testing"
import fc from "fast-check"
import { expect, it } from "vitest"
import { asHistoryStore, MemoryHistory } from "../../../../../src/services/history/MemoryHistory.ts"
import { makeNow } from "../../../../../src/services/now.ts"
import { CapturedLogs } from "../../../../support/CapturedLogs.ts"
import { startDurable } from "../../../../support/store/histories.ts"
import { WeakStore } from "../../../../support/store/WeakStore.ts"

const channel = fc.constantFrom("a", "b")
const step = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant("append" as const),
      channel,
      size: fc.integer({ min: 1, max: 6 }),
      version: fc.nat(4),
      count: fc.integer({ min: 1, max: 4 })
    })
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("clear" as const), channel }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("restart" as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("fail" as const), channel }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("lie" as const), channel }) },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant("pass" as const), ms: fc.integer({ min: 1, max: 90_000 }) })
  },
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant("read" as const),
      channel,
      limit: fc.integer({ min: -1, max: 8 }),
      since: fc.option(fc.nat(12), { nil: undefined }),
      isReverse: fc.boolean()
    })
  }
)

const times = { ttlMs: 60_000, metaTtlMs: 3_600_000_000, isDurable: true }

it("is what history in memory is, over restarts and failing commits", () =>
  fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 60 }), fc.constantFrom(0, 1500, 2 ** 20), (steps, bytes) =>
      Effect.gen(function* () {
        const weak = new WeakStore()
        const model = asHistoryStore(new MemoryHistory(() => {}, yield* makeNow))
        let under = yield* startDurable(weak.layer, { bytes })
        let next = 0
        const told = new Map<string, number>()
        for (const one of steps) {
          const { durable } = under
          if (one.kind === "restart") {
            yield* under.end
            under = yield* startDurable(weak.layer, { bytes })
          } else if (one.kind === "pass") {
            yield* under.pass(one.ms)
          } else if (one.kind === "clear") {
            yield* model.clear(one.channel)
            yield* durable.clear(one.channel)
          } else if (one.kind === "fail" || one.kind === "lie") {
            const stream = { ...times, size: 5 }
            weak.commits = one.kind
            const data = new Uint8Array([next++])
            yield* Effect.flip(durable.append(one.channel, data, stream, {}))
            // It is written all the same.
            if (one.kind === "lie") yield* model.append(one.channel, data, stream, {})
            weak.commits = "work"
          } else if (one.kind === "append") {
            const stream = { ...times, size: one.size }
            const appends = Array.from({ length: one.count }, () => new Uint8Array([next++ % 256]))
            const append = (history: Pick<typeof durable, "append">) =>
              Effect.forEach(
                appends,
                (data) => history.append(one.channel, data, stream, { version: one.version }),
                {
                  concurrency: "unbounded"
                }
              )
            const expected = yield* append(model)
            const found = yield* append(durable)
            const answers = (all: typeof found) =>
              all.map(({ offset, isSuppressed }) => [offset, isSuppressed])
            expect(answers(found)).toEqual(answers(expected))
          } else {
            const { channel, limit, since, isReverse } = one
            const filter = {
              limit,
              isReverse,
              since: since === undefined ? since : { offset: since, epoch: "" }
            }
            const stream = { ...times, size: 5 }
            const expected = yield* model.read(channel, filter, stream)
            const found = yield* durable.read(channel, filter, stream)
            expect([found.offset, found.publications]).toEqual([expected.offset, expected.publications])
          }
          for (const event of under.told.splice(0)) {
            const { offset } = event.publication
            expect(offset).toBeGreaterThan(told.get(event.channel) ?? 0)
            told.set(event.channel, offset)
          }
        }
      }).pipe(Effect.scoped, Effect.provide([TestClock.layer(), new CapturedLogs().layer]), Effect.runPromise)
    ),
    { numRuns: 300 }
  ))
