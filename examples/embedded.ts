/**
 * Clarion inside another Effect program: a stock ticker. Clients that say who they are in `?user=` are let in, and hear a price every
 * second; what they send is logged.
 *
 * Run: npm run example, then: npx wscat -c 'ws://localhost:8090/?user=ada' (or any other WebSocket client)
 */
import { Hooks, Publisher, PushServer, serverConfig } from "clarion"
import { Effect, Layer, Schedule } from "effect"

const hooks = Layer.succeed(Hooks, {
  onConnect: ({ url }) => {
    const user = new URL(url, "http://localhost").searchParams.get("user")
    return user === null
      ? Effect.fail({ status: 401, message: "say who you are: ?user=NAME" })
      : Effect.succeed({ user })
  },
  onMessage: ({ attachment }, data) => Effect.log(attachment, "says", Buffer.from(data).toString()),
  onClose: ({ attachment }, code) => Effect.log(attachment, "left with", code)
})

const ticker = Effect.gen(function* () {
  const publisher = yield* Publisher
  const price = 100 + Math.random()
  const receipt = yield* publisher.broadcast(JSON.stringify({ symbol: "CLRN", price }))
  if (receipt.eligible > 0) yield* Effect.log(`written to ${receipt.written} of ${receipt.eligible} clients`)
})

const main = Effect.gen(function* () {
  const config = yield* Effect.fromResult(
    serverConfig({ server: { port: Number(process.env.PORT ?? 8090) } })
  )
  const program = Effect.gen(function* () {
    const { port, failure } = yield* PushServer
    yield* Effect.log(`connect to ws://localhost:${port}/?user=NAME`)
    return yield* Effect.raceFirst(Effect.repeat(ticker, Schedule.spaced("1 second")), failure)
  })
  return yield* Effect.provide(program, PushServer.layer(config).pipe(Layer.provide(hooks)))
})

const fiber = Effect.runFork(main)
process.once("SIGINT", () => fiber.interruptUnsafe())
process.once("SIGTERM", () => fiber.interruptUnsafe())
