// A program that embeds the server: it publishes each line of its standard input and says what became of it; of a line that
// begins with "?", it says how the receipt of that id stands. Arguments as of dist/server.js; values are JSON where they can be.
import { createInterface } from "node:readline"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import { Logs, Publisher, PushServer, Receipts, serverConfig } from "../../../dist/index.js"
import { runMain } from "../../../dist/program.js"

const valueOf = (text) => {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}
const settings = {}
const args = process.argv.slice(2)
for (let i = 0; i < args.length; i += 2) settings[args[i].slice(2)] = valueOf(args[i + 1])
const config = Result.getOrThrow(serverConfig(settings))

const serve = Effect.gen(function* () {
  const { failure } = yield* PushServer
  const { broadcast } = yield* Publisher
  const receipts = yield* Receipts
  createInterface({ input: process.stdin }).on("line", (line) =>
    Effect.runFork(
      Effect.map(line.startsWith("?") ? receipts.get(line.slice(1)) : broadcast(line), (receipt) =>
        console.log(JSON.stringify({ message: `receipt of ${line}`, annotations: receipt }))
      )
    )
  )
  return yield* failure
})
runMain(serve.pipe(Effect.provide(PushServer.layer(config)), Effect.provide(Logs.layer(config.log))))
