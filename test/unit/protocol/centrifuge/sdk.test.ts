/**
 * What the npm client sends is understood, and it understands what is sent: both encodings over a socket that is
 * none.
 */
import { Centrifuge as JsonClient } from "centrifuge"
import { Centrifuge as ProtobufClient } from "centrifuge/build/protobuf"
import { afterEach, describe, expect, it } from "vitest"
import * as Json from "../../../../src/protocol/centrifuge/json.ts"
import type { Command, Reply } from "../../../../src/protocol/centrifuge/messages.ts"
import * as Protobuf from "../../../../src/protocol/centrifuge/protobuf.ts"

const payload = (value: unknown): Uint8Array => Buffer.from(JSON.stringify(value))

interface Encoding {
  readonly read: (frame: never) => ReadonlyArray<Command> | undefined
  readonly write: (replies: ReadonlyArray<Reply>) => unknown
  /** A payload as the client gives and takes it. */
  readonly data: (value: unknown) => unknown
  readonly makeClient: (websocket: unknown) => JsonClient
}

const json: Encoding = {
  read: Json.decodeCommands,
  write: (replies) => replies.map(Json.encodeReply).join("\n"),
  data: (value) => value,
  makeClient: (websocket) =>
    new JsonClient("ws://nowhere", { websocket, token: "a token", data: { of: "me" } })
}

const protobuf: Encoding = {
  read: Protobuf.decodeCommands,
  write: (replies) =>
    new Uint8Array(Buffer.concat(replies.map((reply) => Protobuf.delimited(Protobuf.encodeReply(reply)))))
      .buffer,
  data: (value) => new Uint8Array(payload(value)),
  makeClient: (websocket) =>
    new ProtobufClient("ws://nowhere", {
      websocket,
      token: "a token",
      data: new Uint8Array(payload({ of: "me" }))
    }) as unknown as JsonClient
}

const publication = { data: payload({ n: 1 }), offset: 8, tags: { a: "b" }, info: { user: "u", client: "c" } }

/** What a server would answer, and push. */
const answers = (command: Command): ReadonlyArray<Reply> => {
  const { id } = command
  if (command.connect)
    return [{ id, connect: { client: "me", version: "0", ping: 25, pong: true, data: payload([1]) } }]
  if (command.subscribe)
    return [
      { id, subscribe: { recoverable: true, positioned: true, epoch: "e", offset: 7, data: payload("s") } },
      { push: { channel: command.subscribe.channel, pub: publication } },
      {
        push: {
          channel: command.subscribe.channel,
          join: { info: { user: "u2", client: "c2", connInfo: payload(3) } }
        }
      },
      {}
    ]
  if (command.publish) return [{ id, error: { code: 103, message: "permission denied" } }]
  if (command.history) return [{ id, history: { publications: [publication], epoch: "e", offset: 2 ** 40 } }]
  if (command.presence)
    return [{ id, presence: { presence: { c: { user: "u", client: "c", chanInfo: payload({}) } } } }]
  if (command.presenceStats) return [{ id, presenceStats: { numClients: 300, numUsers: 2 } }]
  if (command.rpc) return [{ id, rpc: { data: command.rpc.data } }]
  return []
}

describe.each([
  ["JSON", json],
  ["Protobuf", protobuf]
])("the npm client over %s", (_, encoding) => {
  const received: Array<Command> = []
  class Socket {
    onopen?: () => void
    onclose?: (event: { code: number; reason: string }) => void
    onmessage?: (event: { data: unknown }) => void
    binaryType?: string
    constructor() {
      queueMicrotask(() => this.onopen?.())
    }
    send(frame: unknown): void {
      const commands = encoding.read((frame instanceof Uint8Array ? frame : String(frame)) as never)
      if (commands === undefined) throw new Error(`not understood: ${String(frame)}`)
      received.push(...commands)
      const replies = commands.flatMap(answers)
      if (replies.length > 0) queueMicrotask(() => this.onmessage?.({ data: encoding.write(replies) }))
    }
    close(): void {
      this.onclose?.({ code: 1000, reason: "" })
    }
  }
  const client = encoding.makeClient(Socket)

  afterEach(() => {
    client.disconnect()
    received.length = 0
  })

  const { data } = encoding

  it("connects, subscribes, hears, asks and answers pings", async () => {
    const connected = new Promise((resolve) => client.on("connected", resolve))
    client.connect()
    expect(await connected).toMatchObject({ client: "me", data: data([1]) })

    const subscription = client.newSubscription("chat", {
      data: data({ for: "chat" }) as object,
      since: { offset: 3, epoch: "e" },
      positioned: true,
      joinLeave: true
    })
    const subscribed = new Promise((resolve) => subscription.on("subscribed", resolve))
    const heard = new Promise((resolve) => subscription.on("publication", resolve))
    const joined = new Promise((resolve) => subscription.on("join", resolve))
    subscription.subscribe()
    expect(await subscribed).toMatchObject({ streamPosition: { offset: 7, epoch: "e" }, data: data("s") })
    const info = { user: "u", client: "c" }
    expect(await heard).toMatchObject({
      channel: "chat",
      data: data({ n: 1 }),
      offset: 8,
      tags: { a: "b" },
      info
    })
    expect(await joined).toMatchObject({ info: { user: "u2", client: "c2", connInfo: data(3) } })

    const history = await subscription.history({ limit: -1, since: { offset: 1, epoch: "e" }, reverse: true })
    expect(history).toMatchObject({
      epoch: "e",
      offset: 2 ** 40,
      publications: [{ data: data({ n: 1 }), offset: 8 }]
    })
    expect((await subscription.presence()).clients).toMatchObject({ c: { ...info, chanInfo: data({}) } })
    expect(await subscription.presenceStats()).toEqual({ numClients: 300, numUsers: 2 })
    expect(await client.rpc("echo", data({ 10: 1, é: "\n" }))).toEqual({ data: data({ 10: 1, é: "\n" }) })
    await expect(subscription.publish(data({ n: 2 }))).rejects.toEqual({
      code: 103,
      message: "permission denied",
      temporary: false
    })

    const bytes = (value: unknown) => Buffer.from(payload(value))
    const isPong = (command: Command) => Object.keys(command).length === 0
    expect(received.filter(isPong)).toEqual([{}])
    expect(received.filter((command) => !isPong(command))).toMatchObject([
      { id: 1, connect: { token: "a token", data: bytes({ of: "me" }), name: "js" } },
      {
        id: 2,
        subscribe: {
          channel: "chat",
          data: bytes({ for: "chat" }),
          recover: true,
          offset: 3,
          epoch: "e",
          positioned: true,
          joinLeave: true
        }
      },
      { id: 3, history: { channel: "chat", limit: -1, since: { offset: 1, epoch: "e" }, reverse: true } },
      { id: 4, presence: { channel: "chat" } },
      { id: 5, presenceStats: { channel: "chat" } },
      { id: 6, rpc: { method: "echo", data: bytes({ 10: 1, é: "\n" }) } },
      { id: 7, publish: { channel: "chat", data: bytes({ n: 2 }) } }
    ])
  })
})
