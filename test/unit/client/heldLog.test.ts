import { describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import { expect } from "vitest"
import { HeldLog, MAX_HELD } from "../../../src/client/HeldLog.ts"

describe("the log of a process that prints nothing", () => {
  it.effect("is kept until it is taken, once, with the causes of errors", () => {
    const log = new HeldLog()
    return Effect.gen(function* () {
      yield* Effect.logWarning("one", 2)
      yield* Effect.logError("three", Cause.fail(new Error("why")))
      expect(log.take()).toEqual([
        { level: "Warn", text: "one 2" },
        { level: "Error", text: expect.stringMatching(/^three .*why/s) }
      ])
      expect(log.take()).toEqual([])
    }).pipe(Effect.provide(log.layer("Info")))
  })

  it.effect("leaves out what each ramp does, unless all details are asked for", () =>
    Effect.gen(function* () {
      const [log, all] = [new HeldLog(), new HeldLog()]
      const said = Effect.andThen(Effect.logInfo("start IP"), Effect.logDebug("detail"))
      yield* Effect.provide(said, log.layer("Info"))
      yield* Effect.provide(said, all.layer("Debug"))
      expect(log.take()).toEqual([])
      expect(all.take()).toEqual([
        { level: "Info", text: "start IP" },
        { level: "Debug", text: "detail" }
      ])
    })
  )

  it.effect("is bounded, and says how much was left out", () => {
    const log = new HeldLog()
    return Effect.gen(function* () {
      for (let i = 0; i < MAX_HELD + 5; i++) yield* Effect.logWarning(String(i))
      const lines = log.take()
      expect(lines).toHaveLength(MAX_HELD + 1)
      expect(lines.at(-1)).toEqual({ level: "Warn", text: "5 lines of the log were left out" })
    }).pipe(Effect.provide(log.layer("Info")))
  })
})
