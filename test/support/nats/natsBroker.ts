/** Brokers of nodes over the NATS servers of a test. */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { makeNats } from "../../../src/services/broker/nats/NatsBroker.ts"
import type { NatsBrokerOptions } from "../../../src/services/broker/nats/natsBrokerOptions.ts"
import { NatsLink } from "../../../src/services/nats/NatsLink.ts"
import { Received } from "../broker/Received.ts"
import type { NatsServer } from "./NatsServer.ts"
import { linkTo } from "./natsLink.ts"

/** All channels have history; the contract's streams are no larger and no longer than this. */
const namespaces: NatsBrokerOptions["namespaces"] = {
  histories: [{ name: "", size: 1000, ttlMs: 60_000, metaTtlMs: 120_000 }],
  of: () => ""
}

/** Servers on a busy machine take their time to agree on who leads a stream. */
const PATIENTLY = Duration.minutes(1)

export interface NatsNodeOptions extends Partial<NatsBrokerOptions> {
  /** Nodes of one prefix are one cluster. */
  readonly prefix: string
  readonly requestTimeout?: `${number} seconds` | number
}

/** A node's broker, with the connection of its own, in the scope. */
export const natsNode = Effect.fnUntraced(function* (
  servers: ReadonlyArray<Pick<NatsServer, "url">>,
  { prefix, requestTimeout, ...options }: NatsNodeOptions
) {
  const received = new Received()
  const link = yield* linkTo(servers, {
    prefix,
    ...(requestTimeout === undefined ? {} : { requestTimeout }),
    reconnectWait: 20,
    reconnectJitter: 0
  })
  const { broker, figures } = yield* makeNats(received.deliver, {
    replicas: 1,
    storage: "file",
    namespaces,
    startTimeout: PATIENTLY,
    ...options
  }).pipe(Effect.provideService(NatsLink, link))
  return { broker, received, link, figures }
})

export type NatsNode = Effect.Success<ReturnType<typeof natsNode>>
