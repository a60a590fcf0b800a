// A server whose first shard has a bug: it crashes whenever it serves. Otherwise as src/server.ts runs it.
import * as Effect from "effect/Effect"
import { ShardSupervisor } from "../../../dist/actors/ShardSupervisor.js"
import { serverKeys, serverRules } from "../../../dist/config/ServerConfig.js"
import { PushServer } from "../../../dist/PushServer.js"
import { runMain, runProgram } from "../../../dist/program.js"
import * as Logs from "../../../dist/services/Logs.js"

const crashAgainAndAgain = ({ actors: [shard] }) =>
  Effect.forever(
    Effect.andThen(
      Effect.suspend(() => (shard.state() === "serving" ? shard.crash("a bug in shard-0") : Effect.void)),
      Effect.sleep(10)
    )
  )

const program = { name: "server", about: "crashes", keys: serverKeys, rules: serverRules, alsoKnown: {} }
runProgram(
  program,
  () => Effect.die("no test asks for a diagnosis"),
  (config) => {
    const serve = Effect.gen(function* () {
      const { failure } = yield* PushServer
      yield* Effect.forkChild(crashAgainAndAgain(yield* ShardSupervisor))
      return yield* failure
    })
    const running = serve.pipe(
      Effect.provide(PushServer.layer(config)),
      Effect.provide(Logs.layer(config.log))
    )
    runMain(running)
  }
)
