import { expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { ErrorCodes } from "../../../../src/protocol/codes.ts"
import { whenAvailable } from "../../../../src/services/api/outcome.ts"
import { type Presence, TooManyClients } from "../../../../src/services/Presence.ts"
import { brokerFailure } from "../../../../src/services/sessions/outcome.ts"
import { AnswerDesk, type DeskEnv } from "../../../../src/services/workers/AnswerDesk.ts"
import type { ToWorker } from "../../../../src/services/workers/messages.ts"
import type { PrimaryAsker } from "../../../../src/services/workers/PrimaryAsker.ts"
import type { Asked } from "../../../../src/services/workers/questions.ts"
import { remotePresence } from "../../../../src/services/workers/RemotePresence.ts"

const failure = new TooManyClients({ detail: "more than 10000" })
const presence = { get: () => Effect.fail(failure) } as unknown as Presence["Service"]

/** A worker's way to a primary that has that presence. */
const asker = {
  ask: (asked: Asked) =>
    Effect.callback((resume) => {
      const env = { presence, fork: Effect.runFork } as unknown as DeskEnv
      const desk = new AnswerDesk({ size: 0, offer: () => true }, "n1", env, (message: ToWorker) => {
        if (message._tag === "Answered") resume(Effect.succeed(message.answers[0]))
      })
      desk.asked([{ ...asked, id: 1 } as never])
    })
} as unknown as PrimaryAsker

it.effect("too many clients for an answer are error 106, in a worker, too", () =>
  Effect.gen(function* () {
    const error = yield* Effect.flip(remotePresence(asker).get("news"))
    expect(error).toEqual(failure)
    expect(brokerFailure(error)).toMatchObject(brokerFailure(failure))
    expect(JSON.stringify(brokerFailure(error))).toContain(String(ErrorCodes.limitExceeded.code))
    const outcome = yield* whenAvailable(Effect.fail(error), () => "{}")
    expect(outcome).toEqual({ code: 106, message: "limit exceeded: more than 10000" })
  })
)
