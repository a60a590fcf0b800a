/** The npm client, in both encodings and over all of its transports, with what it tells to wait for. */
import { Centrifuge as JsonClient, type Options, type Subscription, type TransportName } from "centrifuge"
import { Centrifuge as ProtobufClient } from "centrifuge/build/protobuf"
import { EventSource } from "eventsource"
import { onTestFinished } from "vitest"
import { WebSocket } from "ws"
import { Heard } from "../server/Heard.ts"

export type Sdk = JsonClient

export interface SdkKind {
  readonly format: "JSON" | "Protobuf"
  readonly via: TransportName
}

/** All combinations that there are. */
export const sdkKinds: ReadonlyArray<SdkKind> = [
  { format: "JSON", via: "websocket" },
  { format: "JSON", via: "http_stream" },
  { format: "JSON", via: "sse" },
  { format: "Protobuf", via: "websocket" },
  { format: "Protobuf", via: "http_stream" }
]

/** A payload as this client takes and gives it. */
export const dataFor = ({ format }: SdkKind, value: unknown): unknown =>
  format === "JSON" ? value : Buffer.from(JSON.stringify(value))

export const valueOf = (data: unknown): unknown =>
  data instanceof Uint8Array ? JSON.parse(Buffer.from(data).toString()) : data

export const endpointOf = (port: number, via: TransportName) => ({
  transport: via,
  endpoint: `${via === "websocket" ? "ws" : "http"}://127.0.0.1:${port}/connection/${via}`
})

/** Not connected yet; it disconnects with the test. Its delays are short. */
export const makeSdk = (
  port: number,
  { format, via }: SdkKind,
  options: Partial<Options> = {},
  endpoints = [endpointOf(port, via)]
): Sdk => {
  const Client = format === "JSON" ? JsonClient : (ProtobufClient as unknown as typeof JsonClient)
  const sdk = new Client(endpoints, {
    websocket: WebSocket,
    fetch,
    readableStream: ReadableStream,
    eventsource: EventSource,
    emulationEndpoint: `http://127.0.0.1:${port}/emulation`,
    minReconnectDelay: 5,
    maxReconnectDelay: 20,
    ...options
  })
  onTestFinished(() => sdk.disconnect())
  return sdk
}

interface Emitter {
  // biome-ignore lint/suspicious/noExplicitAny: every event has a context of its own
  on(event: string, listener: (context: any) => void): unknown
}

/** What an emitter tells from now on. */
// biome-ignore lint/suspicious/noExplicitAny: every event has a context of its own
export const heard = <A = any>(emitter: object, event: string): Heard<A> => {
  const all = new Heard<A>()
  ;(emitter as Emitter).on(event, all.add)
  return all
}

/** The next event of this name. */
// biome-ignore lint/suspicious/noExplicitAny: every event has a context of its own
export const next = async <A = any>(emitter: object, event: string): Promise<A> =>
  (await heard<A>(emitter, event).count(1))[0]!

/** Connects, and gives what the server said. */
// biome-ignore lint/suspicious/noExplicitAny: as the client has it
export const connected = (sdk: Sdk): Promise<any> => {
  const event = next(sdk, "connected")
  sdk.connect()
  return event
}

// biome-ignore lint/suspicious/noExplicitAny: as the client has it
export const subscribed = (subscription: Subscription): Promise<any> => {
  const event = next(subscription, "subscribed")
  subscription.subscribe()
  return event
}
