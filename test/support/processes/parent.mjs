// A parent of one child.mjs, to be killed: it says who the child is, once that has answered.
import { fork } from "node:child_process"
import { fileURLToPath } from "node:url"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { startChild } from "../../../dist/services/processes/ChildLink.js"

const program = fileURLToPath(new URL("child.mjs", import.meta.url))

Effect.runFork(
  Effect.scoped(
    Effect.gen(function* () {
      const link = yield* startChild({
        fork: () => fork(program, [], { serialization: "advanced" }),
        incoming: Schema.Unknown,
        onMessage: () => console.log(`parent of ${link.pid}`)
      })
      link.send({ _tag: "Echo", value: "hello" })
      yield* Effect.never
    })
  )
)
