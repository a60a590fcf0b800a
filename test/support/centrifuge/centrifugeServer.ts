/** A server of conf/centrifuge.json inside the test, with what its application would do by the server API. */
import { readFileSync } from "node:fs"
import * as Effect from "effect/Effect"
import { Broker, type Published, type PublishOptions } from "../../../src/services/broker/Broker.ts"
import { Control, type ControlCommand } from "../../../src/services/Control.ts"
import { Channels, isErrorCode } from "../../../src/services/channels/Channels.ts"
import { streamOptions } from "../../../src/services/channels/streams.ts"
import { type Served, type Settings, serve, type TransportName } from "../server/serve.ts"

const { server: _, ...shipped } = JSON.parse(
  readFileSync(new URL("../../../conf/centrifuge.json", import.meta.url), "utf8")
)

/** @param settings beside those of the file, or in place of them; keys with dots */
export const serveCentrifuge = async (
  transport: TransportName,
  settings: Settings = {}
): Promise<CentrifugeServer> =>
  new CentrifugeServer(await serve({ "server.transport": transport, ...shipped, ...settings }))

/** The channels of the file, with these among them. */
export const withNamespaces = (...more: ReadonlyArray<object>): Settings => ({
  "channels.namespaces": [...shipped.channels.namespaces, ...more]
})

export class CentrifugeServer {
  constructor(readonly served: Served) {}

  get port(): number {
    return this.served.port
  }

  /** As the server API does. @param data JSON text or bytes as they are, anything else as JSON */
  publish(channel: string, data: unknown, options: Partial<PublishOptions> = {}): Promise<Published> {
    const bytes =
      data instanceof Uint8Array ? data : Buffer.from(typeof data === "string" ? data : JSON.stringify(data))
    return this.served.runtime.runPromise(
      Effect.gen(function* () {
        const { optionsOf } = yield* Channels
        const found = optionsOf(channel)
        if (isErrorCode(found)) return yield* Effect.die(found.message)
        return yield* (yield* Broker).publish(channel, bytes, { stream: streamOptions(found), ...options })
      })
    )
  }

  removeHistory(channel: string): Promise<void> {
    return this.served.runtime.runPromise(Effect.flatMap(Broker, (broker) => broker.removeHistory(channel)))
  }

  control(command: ControlCommand): Promise<void> {
    return this.served.runtime.runPromise(Effect.flatMap(Control, (control) => control.apply(command)))
  }
}
