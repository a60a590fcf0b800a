import { existsSync, mkdirSync, readFileSync, rmdirSync, statSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as TestClock from "effect/testing/TestClock"
import fc from "fast-check"
import { expect } from "vitest"
import { type EventSpool, openSpool, parseSpool } from "../../../../src/services/webhooks/EventSpool.ts"
import { temporaryFolder } from "../../../support/server/temporaryFolder.ts"

const event = (n: number) => `{"n":${n},"text":"\u00e9"}`
const events = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, at) => event(from + at))

/** One run of a process: what it finds, and what it does then. */
const run = <A, E>(
  file: string,
  use: (spool: EventSpool, found: ReadonlyArray<string>) => Effect.Effect<A, E, Scope.Scope>,
  takes: (event: string) => boolean = () => true
) =>
  Effect.scoped(
    Effect.gen(function* () {
      const found: Array<string> = []
      const spool = yield* openSpool(file, (one) => {
        found.push(one)
        return takes(one)
      })
      return yield* use(spool, found)
    })
  )
const found = (file: string) => run(file, (_, all) => Effect.succeed(all))
const spoolFile = () => join(temporaryFolder(), "store", "events")

describe("events", () => {
  it.effect("are found by the next run, in their order, as often as it does not remove them", () =>
    Effect.gen(function* () {
      const file = spoolFile()
      yield* run(file, ({ append }, all) => {
        expect(all).toEqual([])
        return Effect.andThen(append(events(1, 2)), append(events(3, 3)))
      })
      expect(yield* found(file)).toEqual(events(1, 3))
      expect(yield* found(file)).toEqual(events(1, 3))
    })
  )

  it.effect("are gone when they were removed, the oldest first", () =>
    Effect.gen(function* () {
      const file = spoolFile()
      yield* run(file, ({ append, remove }) =>
        Effect.gen(function* () {
          yield* append(events(1, 4))
          yield* remove(1)
          yield* append(events(5, 5))
          yield* remove(2)
        })
      )
      yield* run(file, ({ remove }, all) => {
        expect(all).toEqual(events(4, 5))
        return remove(1)
      })
      yield* run(file, ({ remove }, all) => {
        expect(all).toEqual(events(5, 5))
        return remove(1)
      })
      expect(yield* found(file)).toEqual([])
    })
  )

  it.effect("are in the file as soon as they are appended", () =>
    Effect.gen(function* () {
      const file = spoolFile()
      yield* run(file, ({ append, remove }) =>
        Effect.gen(function* () {
          yield* append(events(1, 2))
          expect(readFileSync(file, "utf8")).toBe(`${event(1)}\n${event(2)}\n`)
          yield* remove(1)
          expect(readFileSync(file, "utf8")).toBe(`${event(1)}\n${event(2)}\n#1\n`)
          yield* remove(1)
          expect(readFileSync(file, "utf8")).toBe("")
          yield* append(events(3, 3))
          expect(readFileSync(file, "utf8")).toBe(`${event(3)}\n`)
        })
      )
    })
  )

  it.effect("that the next run does not take are removed", () =>
    Effect.gen(function* () {
      const file = spoolFile()
      yield* run(file, ({ append }) => append(events(1, 3)))
      yield* run(
        file,
        ({ remove }) => remove(1),
        (one) => one !== event(2)
      )
      expect(yield* found(file)).toEqual([event(3)])
    })
  )

  it.effect("are this user's alone", () =>
    Effect.gen(function* () {
      const file = spoolFile()
      yield* run(file, ({ append }) => append(events(1, 1)))
      expect(statSync(file).mode & 0o777).toBe(0o600)
      expect(statSync(join(file, "..")).mode & 0o777).toBe(0o700)
    })
  )

  it.effect("survive any sequence of appending, removing and starting again", () =>
    Effect.promise(() => {
      const step = fc.oneof(
        fc.record({ append: fc.nat({ max: 5 }) }),
        fc.record({ remove: fc.nat({ max: 5 }) }),
        fc.constant({ restart: true })
      )
      return fc.assert(
        fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (steps) => {
          const file = spoolFile()
          let expected: ReadonlyArray<string> = []
          let next = 1
          const runs: Array<Array<(typeof steps)[number]>> = [[]]
          for (const one of steps) "restart" in one ? runs.push([]) : runs.at(-1)!.push(one)
          for (const one of runs) {
            await Effect.runPromise(
              run(file, ({ append, remove }, all) =>
                Effect.gen(function* () {
                  expect(all).toEqual(expected)
                  for (const change of one) {
                    if ("append" in change) {
                      const added = events(next, next + change.append - 1)
                      next += added.length
                      expected = [...expected, ...added]
                      yield* append(added)
                    } else if ("remove" in change) {
                      const count = Math.min(change.remove, expected.length)
                      expected = expected.slice(count)
                      yield* remove(count)
                    }
                  }
                })
              )
            )
          }
          expect(await Effect.runPromise(found(file))).toEqual(expected)
        }),
        { numRuns: 50 }
      )
    })
  )
})

describe("a file that a crash left", () => {
  it("at any byte has every event that was written whole, and those gone whose removal was", () => {
    const content = `${event(1)}\n${event(2)}\n#1\n${event(3)}\n#2\n`
    for (let length = 0; length <= content.length; length++) {
      const cut = content.slice(0, length)
      const written = [1, 2, 3].filter((n) => cut.includes(`${event(n)}\n`))
      const gone = cut.includes("#2\n") ? 2 : cut.includes("#1\n") ? 1 : 0
      expect(parseSpool(cut).left).toEqual(written.slice(gone).map(event))
    }
  })

  it("tells of an event that is torn, but not of a removal", () => {
    expect(parseSpool(`${event(1)}\n{"n":2`)).toEqual({ left: [event(1)], broken: 1 })
    expect(parseSpool(`${event(1)}\n#1`)).toEqual({ left: [event(1)], broken: 0 })
  })

  it("tells of lines that are no events, and keeps the others in their places", () => {
    const damaged = `${event(1)}\n\0\0\0\n5\n${event(4)}\n#1\n{"n":\n`
    expect(parseSpool(damaged)).toEqual({ left: [event(4)], broken: 3 })
  })

  it.effect("is sound again after the next start", () =>
    Effect.gen(function* () {
      const file = spoolFile()
      yield* run(file, ({ append }) => append(events(1, 1)))
      writeFileSync(file, `${event(1)}\n#0\n${event(2)}\ngarbage\n{"n":3`)
      yield* run(file, ({ broken, append }, all) => {
        expect([all, broken]).toEqual([events(1, 2), 2])
        return append(events(4, 4))
      })
      yield* run(file, ({ broken }, all) => {
        expect([all, broken]).toEqual([[event(1), event(2), event(4)], 0])
        return Effect.void
      })
    })
  )
})

describe("the size of the file", () => {
  it.effect("is bounded by what waits, however much goes through it", () =>
    Effect.gen(function* () {
      const file = spoolFile()
      const big = (n: number) => `{"n":${n},"text":"${"x".repeat(100_000)}"}`
      yield* run(file, ({ append, remove }) =>
        Effect.gen(function* () {
          yield* append([big(0), big(1)])
          for (let n = 2; n < 100; n++) {
            yield* append([big(n)])
            yield* remove(1)
            expect(statSync(file).size).toBeLessThan(2 * 2 * 100_100 + 1_048_576 + 100_100)
          }
        })
      )
      expect(yield* found(file)).toEqual([big(98), big(99)])
    })
  )
})

describe("a file that cannot be used", () => {
  it.effect("at the start is said", () =>
    Effect.gen(function* () {
      const folder = temporaryFolder()
      writeFileSync(join(folder, "plain"), "")
      mkdirSync(join(folder, "taken"))
      for (const file of [join(folder, "plain", "events"), join(folder, "taken")]) {
        const failed = yield* Effect.flip(found(file))
        expect(failed).toMatchObject({ _tag: "SpoolFailed", file })
        expect(failed.message).toContain(`${file} cannot be used: `)
      }
    })
  )

  it.effect("later is said, and holds everything as soon as it can be used again", () =>
    Effect.gen(function* () {
      const file = spoolFile()
      const big = `{"text":"${"x".repeat(2_000_000)}"}`
      yield* run(file, ({ append, remove, isSound }) =>
        Effect.gen(function* () {
          yield* append([big, ...events(1, 2)])
          // The new file cannot be made where a folder is.
          mkdirSync(`${file}.new`)
          expect(yield* Effect.flip(remove(1))).toMatchObject({ _tag: "SpoolFailed" })
          expect(isSound()).toBe(false)
          rmdirSync(`${file}.new`)
          yield* append(events(3, 3))
          yield* TestClock.adjust("9999 millis")
          yield* append(events(4, 4))
          yield* remove(1)
          expect(existsSync(`${file}.new`)).toBe(false)
          expect(isSound()).toBe(false)
          yield* TestClock.adjust("1 millis")
          yield* append(events(5, 5))
          expect(isSound()).toBe(true)
          yield* remove(1)
        })
      )
      expect(yield* found(file)).toEqual(events(3, 5))
    })
  )
})
