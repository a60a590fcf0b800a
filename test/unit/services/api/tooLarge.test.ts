import * as Effect from "effect/Effect"
import { expect, it } from "vitest"
import { ErrorCodes } from "../../../../src/protocol/codes.ts"
import { whenAvailable } from "../../../../src/services/api/outcome.ts"
import { BrokerUnavailable, PublicationTooLarge } from "../../../../src/services/broker/Broker.ts"
import { brokerFailure } from "../../../../src/services/sessions/outcome.ts"

it("what is too large is refused for good, what cannot be taken now is not", () => {
  const answer = (failure: BrokerUnavailable | PublicationTooLarge) =>
    Effect.runSync(whenAvailable(Effect.fail(failure), () => "{}"))
  const tooLarge = new PublicationTooLarge({ detail: "NATS takes 5 bytes" })
  const away = new BrokerUnavailable({ detail: "NATS is away" })
  expect(answer(tooLarge)).toEqual({ code: 107, message: "bad request: NATS takes 5 bytes" })
  expect(answer(away)).toEqual({ code: 100, message: "internal server error: NATS is away" })
  expect(brokerFailure(tooLarge)).toMatchObject({ error: ErrorCodes.badRequest })
  expect(brokerFailure(away)).toMatchObject({ error: ErrorCodes.internal })
})
