/** A server of conf/centrifuge.json inside the test, with what its application would do by the server API. */
import { readFileSync } from "node:fs"
import * as Effect from "effect/Effect"
import { Broker, type Published, type PublishOptions } from "../../../src/services/broker/Broker.ts"
import { Control, type ControlCommand } from "../../../src/services/Control.ts"
import { Channels, isErrorCode } from "../../../src/services/channels/Channels.ts"
import { streamOptions } from "../../../src/services/channels/streams.ts"
import { Publisher } from "../../../src/services/Publisher.ts"
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
    return this.#publish(channel, data, () => options)
  }

  /**
   * The same, while raw broadcasts, which wait for nobody, fill every mailbox (`limits.mailbox`): it stands in the history, and subscribers are
   * not told.
   */
  publishUnheard(channel: string, data: unknown): Promise<Published> {
    return this.#publish(channel, data, (publisher, mailbox) => ({
      // Read when there was room, in the turn in which the publication goes to the mailboxes.
      get tags() {
        for (let i = 0; i < mailbox; i++) publisher.broadcastUnsafe(Buffer.from("a crowd"), false)
        return undefined
      }
    }))
  }

  #publish(
    channel: string,
    data: unknown,
    options: (publisher: Publisher["Service"], mailbox: number) => Partial<PublishOptions>
  ): Promise<Published> {
    const bytes =
      data instanceof Uint8Array ? data : Buffer.from(typeof data === "string" ? data : JSON.stringify(data))
    const { mailbox } = this.served.config.limits
    return this.served.runtime.runPromise(
      Effect.gen(function* () {
        const { optionsOf } = yield* Channels
        const found = optionsOf(channel)
        if (isErrorCode(found)) return yield* Effect.die(found.message)
        const asked: Partial<PublishOptions> = options(yield* Publisher, mailbox)
        const stream = "stream" in asked ? asked.stream : streamOptions(found)
        // Not a copy: what is read when counts.
        const whole = Object.defineProperty(asked, "stream", { value: stream }) as PublishOptions
        return yield* (yield* Broker).publish(channel, bytes, whole)
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
