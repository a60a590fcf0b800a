// A child process for tests of the links between processes: it does what it is told, and says how it was.
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { linkToParent } from "../../../dist/services/processes/ParentLink.js"
import { runChild } from "../../../dist/services/processes/runChild.js"

const Told = Schema.TaggedUnion({
  Echo: { value: Schema.Unknown },
  /** Sends what fits no schema, and goes on. */
  TalkNonsense: {},
  Exit: { code: Schema.Number },
  /** Ends its work, with something open that would keep a process alive. */
  Finish: {},
  Fail: {},
  Die: {},
  /** Sends a large message as the last before it ends. */
  FlushAndFinish: { bytes: Schema.Number }
})

runChild(
  Effect.gen(function* () {
    const end = yield* Deferred.make()
    const finish = (effect) => Deferred.doneUnsafe(end, effect)
    const link = yield* linkToParent(
      Told,
      Told.match({
        Echo: ({ value }) => link.send({ _tag: "Echoed", value }),
        TalkNonsense: () => link.send({ _tag: "Nonsense" }),
        Exit: ({ code }) => process.exit(code),
        Finish: () => {
          setInterval(() => {}, 1000)
          finish(Effect.void)
        },
        Fail: () => finish(Effect.fail(new Error("expected"))),
        Die: () => finish(Effect.die(new Error("a bug in the child"))),
        FlushAndFinish: ({ bytes }) =>
          finish(link.flush({ _tag: "Echoed", value: new Uint8Array(bytes).fill(7) }))
      })
    )
    const orphaned = Effect.map(link.gone, () => console.log(`child ${process.pid}: the parent is gone`))
    yield* Effect.raceFirst(Deferred.await(end), orphaned)
  })
)
