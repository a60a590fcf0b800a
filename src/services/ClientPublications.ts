/**
 * Where the publications of clients go (`raw.onMessage: "broadcast"`): to everyone, also beyond this process.
 *
 * Synchronous, for sockets' callbacks, and without a receipt. The bytes must not be changed afterwards.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { Publisher } from "./Publisher.ts"

export class ClientPublications extends Context.Service<
  ClientPublications,
  {
    readonly publish: (data: Uint8Array, isBinary: boolean) => void
  }
>()("clarion/services/ClientPublications") {
  /** Where one process serves: straight to its publisher. */
  static readonly layer = Layer.effect(
    this,
    Effect.map(Publisher, ({ broadcastUnsafe }) => ClientPublications.of({ publish: broadcastUnsafe }))
  )
}
