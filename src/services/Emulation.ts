/**
 * Carries commands of clients whose connection is one-way to the process that holds the session, where that is another one than the request
 * came to. Commands of one session keep the order in which they were delivered.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"

export class Emulation extends Context.Service<
  Emulation,
  {
    /**
     * A session that is gone is no failure.
     * @param data the commands, encoded as on the session's connection
     */
    readonly forward: (
      node: string,
      session: string,
      data: Uint8Array
    ) => Effect.Effect<"done" | "unknownNode" | "unavailable">
  }
>()("clarion/services/Emulation") {
  /** Where one process serves there is no other. */
  static readonly layerAlone = Layer.succeed(this, { forward: () => Effect.succeed("unknownNode" as const) })
}
