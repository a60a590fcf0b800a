/** What the channel between processes does to a message (`serialization: "advanced"`) must leave it as it was for the schema. */
import { deserialize, serialize } from "node:v8"
import * as Exit from "effect/Exit"
import * as Schema from "effect/Schema"
import { describe, expect, it } from "vitest"
import { FromWorker, type ObservedActor, ToWorker } from "../../../../src/services/workers/messages.ts"

/** At least one example for each kind; the compiler asks for those of a new one. */
type Examples<Message extends { readonly _tag: string }> = {
  readonly [Tag in Message["_tag"]]: ReadonlyArray<Omit<Extract<Message, { readonly _tag: Tag }>, "_tag">>
}

const data = Buffer.from("ä\u0000\u2028")
const times = { firstWriteAt: 1_700_000_000_000.25, lastWriteAt: 1_700_000_000_001.5 }
const nobody = { firstWriteAt: Number.NaN, lastWriteAt: Number.NaN }
const counts = { eligible: 4, written: 1, slow: 2, mailbox: 0 }
const headers = [
  ["x-api-key", "k"],
  ["set-cookie", "a"],
  ["set-cookie", "b"]
] as const

const info = { user: "u", client: "c-1", connInfo: data, chanInfo: undefined }
const bare = { offset: 0, isDelta: false, time: 1_700_000_000_000 }
const about = { ...bare, offset: 7, info, tags: { a: "", "": "b" }, isDelta: true }
const stream = { size: 10, ttlMs: 1000.5, metaTtlMs: Number.MAX_SAFE_INTEGER }
const node = {
  uid: "n",
  name: "worker-0",
  version: "1",
  numClients: 1,
  numUsers: 1,
  numChannels: 1,
  numSubs: 1
}

const shard: ObservedActor = {
  name: "shard-0",
  address: "primary/workers/worker-0/shards/shard-0",
  state: "restarting",
  mailbox: 0,
  connections: 12,
  restarts: 1,
  cause: "a bug",
  crashedAt: 1_700_000_000_000,
  children: []
}
const shards: ObservedActor = {
  name: "shards",
  address: "primary/workers/worker-0/shards",
  state: "serving",
  children: [shard, { ...shard, cause: undefined }]
}

const toWorker: Examples<ToWorker> = {
  Start: [
    {
      assignment: {
        address: "primary/workers/worker-0",
        node: "0b4e1c9a-9d2c-4a52-8f4e-3f6c5a1d7e21",
        events: ["Disconnected"],
        config: { server: { port: 0, workers: 2 }, "raw.onMessage": "broadcast", list: [1, "a", null] },
        ownTokenKey: "c2VjcmV0",
        port: 65_535,
        workers: 2,
        epochAtZeroMs: 1_700_000_000_000.123
      }
    }
  ],
  Publish: [
    { publications: [] },
    {
      publications: [
        { id: 0, data, isBinary: false },
        { id: 1, data, isBinary: false, receipt: { id: "r", until: 1_700_000_000_000.5 } },
        { id: Number.MAX_SAFE_INTEGER, data: new Uint8Array(), isBinary: true },
        { id: 2, data: new Uint8Array(70_000).fill(255).subarray(1, 69_999), isBinary: true }
      ]
    },
    {
      publications: [
        {
          id: 3,
          data,
          isBinary: true,
          inChannel: { kind: "publication", channel: "a", epoch: "xyz", ...about }
        },
        { id: 4, data, isBinary: true, inChannel: { kind: "join", channel: "a", epoch: "", ...bare, info } }
      ]
    }
  ],
  Answered: [
    {
      answers: [
        { _tag: "Done", id: 0 },
        { _tag: "Published", id: 1, offset: Number.MAX_SAFE_INTEGER, epoch: "xyz", isSuppressed: true },
        {
          _tag: "History",
          id: 2,
          offset: 2,
          epoch: "xyz",
          publications: [
            { data, ...about },
            { data, ...bare }
          ]
        },
        {
          _tag: "Clients",
          id: 3,
          clients: [
            ["c-1", info],
            ["c-2", {}]
          ]
        },
        { _tag: "Counted", id: 4, numClients: 3, numUsers: 2 },
        { _tag: "UnknownNode", id: 5 },
        { _tag: "Unavailable", id: 6, detail: "no" }
      ]
    }
  ],
  Control: [
    {
      commands: [
        { _tag: "Subscribe", user: "u", channel: "a" },
        {
          _tag: "Subscribe",
          user: "u",
          client: "c-1",
          session: undefined,
          channel: "a",
          recoverSince: { offset: 1, epoch: "" },
          info: data,
          data,
          expireAt: 1_700_000_000,
          override: { presence: false, joinLeave: undefined, forceRecovery: true }
        },
        { _tag: "Unsubscribe", user: "", session: "s", channel: "a" },
        { _tag: "Disconnect", user: "u", code: 3503, reason: "force", whitelist: ["c-1", "c-2"] },
        { _tag: "Refresh", user: "u", isExpired: false, expireAt: undefined, info: data }
      ]
    }
  ],
  Emulated: [{ frames: [{ session: "s", data }] }],
  EventsTaken: [{ count: 2, bytes: 300 }],
  TellNode: [{}],
  TellChannels: [{}],
  TellLargest: [{ limit: 200 }],
  TellSizes: [{ channels: ["a", "b"] }],
  Taken: [{ count: 10_000, bytes: 64 }],
  Observe: [{}],
  Room: [
    {
      answers: [
        { id: 0, hasRoom: true },
        { id: 1, hasRoom: false }
      ]
    }
  ],
  Answer: [
    { response: { id: 7, status: 503, headers, body: Buffer.from("no\n") } },
    { response: { id: 8, status: 204, headers: [], body: new Uint8Array() } }
  ],
  AckedTaken: [{}],
  StopAccepting: [{}],
  Drain: [{ withinMs: 0 }, { withinMs: 333.3333 }]
}

const fromWorker: Examples<FromWorker> = {
  Ready: [{ transport: "uws" }, { transport: "ws" }],
  Failed: [{ message: "cannot listen on 127.0.0.1:1: the port is in use" }],
  Connections: [{ live: 19_488 }],
  Delivered: [
    { deliveries: [] },
    {
      deliveries: [
        { id: 0, ...counts, ...times },
        { id: 1, ...counts, ...nobody }
      ]
    }
  ],
  Publish: [{ publications: [{ data, isBinary: false }] }],
  Acked: [
    { counts: [] },
    {
      counts: [
        ["a receipt", 1],
        ["", 1_000_000]
      ]
    }
  ],
  Addresses: [
    {
      events: [
        { address: "::ffff:127.0.0.1", id: 5 },
        { address: "", id: null }
      ]
    }
  ],
  Request: [
    {
      request: { id: 1, method: "POST", path: "/api/y", query: "z=%20", headers, body: data, address: "::1" }
    }
  ],
  Ask: [
    {
      questions: [
        { _tag: "Publish", id: 0, channel: "a", data, options: { stream: undefined } },
        {
          _tag: "Publish",
          id: 1,
          channel: "a",
          data,
          options: {
            stream,
            info,
            tags: { a: "b" },
            isDelta: true,
            idempotencyKey: "k",
            version: 2,
            versionEpoch: undefined
          }
        },
        { _tag: "Announce", id: 2, channel: "a", kind: "leave", info },
        { _tag: "Subscribe", id: 3, channel: "" },
        { _tag: "Unsubscribe", channel: "a" },
        { _tag: "History", id: 4, channel: "a", filter: { limit: -1 }, stream },
        {
          _tag: "History",
          id: 5,
          channel: "a",
          filter: { limit: 1, since: { offset: 3, epoch: "xyz" }, isReverse: true },
          stream
        },
        { _tag: "RemoveHistory", id: 6, channel: "a" },
        { _tag: "AddPresence", id: 7, node: "n", channel: "a", client: "c-1", info },
        { _tag: "RemovePresence", id: 8, node: "n", channel: "a", client: "c-1" },
        { _tag: "GetPresence", id: 9, channel: "a" },
        { _tag: "CountPresence", id: 10, channel: "a" },
        { _tag: "DropPresence", id: 11, node: "n" },
        { _tag: "Emulate", id: 12, node: "n", session: "s", data }
      ]
    }
  ],
  Events: [
    {
      events: [
        { _tag: "Disconnected", client: "c-1", user: "u", code: 3001, reason: "shutdown" },
        { _tag: "Unsubscribed", client: "c-1", user: "", channel: "a", code: 0, reason: "" }
      ]
    }
  ],
  EmulatedTaken: [{}],
  Node: [{ node: { ...node, uptime: 0 } }],
  Largest: [{ counts: [["a", 7]] }],
  Sizes: [{ counts: [["a", 0]] }],
  Channels: [
    { counts: [] },
    {
      counts: [
        ["a", 1],
        ["b", 20_000]
      ]
    }
  ],
  Observed: [
    { live: 0, samples: [], actors: [] },
    {
      live: 12,
      samples: [
        { type: "counter", name: "a_total", help: "A", value: 12 },
        {
          type: "gauge",
          name: "b",
          help: "B",
          value: 0.001,
          labels: { process: "worker-0", percentile: "100" }
        },
        { type: "gauge", name: "c", help: "C", value: Number.NaN, labels: {} }
      ],
      actors: [shards]
    }
  ]
}

const cases = <Message extends { readonly _tag: string }>(examples: Examples<Message>) =>
  Object.entries(examples).flatMap(([_tag, all]) =>
    (all as ReadonlyArray<object>).map((fields, i) => [`${_tag} ${i}`, { _tag, ...fields }] as const)
  )

const crossed = (message: unknown): unknown => deserialize(serialize(message))

/** Bytes as bytes, whatever class of them. */
const plain = (value: unknown): unknown => {
  if (value instanceof Uint8Array) return { bytes: Buffer.from(value).toString("hex") }
  if (Array.isArray(value)) return value.map(plain)
  if (typeof value !== "object" || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, plain(one)]))
}

describe.each([
  ["to a worker", ToWorker as Schema.Codec<unknown>, cases(toWorker)],
  ["from a worker", FromWorker as Schema.Codec<unknown>, cases(fromWorker)]
])("a message %s", (_, schema, examples) => {
  const decode = Schema.decodeUnknownExit(schema)

  it.each(examples)("%s arrives as it was sent", (_, message) => {
    const arrived = decode(crossed(message))
    expect(Exit.isSuccess(arrived) ? plain(arrived.value) : arrived).toEqual(plain(message))
  })

  const [, first] = examples[0]!
  it.each([
    ["text", "linked"],
    ["nothing", undefined],
    ["an object without a tag", {}],
    ["an unknown tag", { _tag: "Nonsense" }],
    ["a field left out", { _tag: first._tag }]
  ])("%s is refused", (_, message) => {
    expect(Exit.isFailure(decode(crossed(message)))).toBe(true)
  })
})

it.each([
  [
    "bytes that came as text",
    ToWorker,
    { _tag: "Publish", publications: [{ id: 0, data: "a", isBinary: false }] }
  ],
  ["a count that is no number", ToWorker, { _tag: "Taken", count: "1", bytes: 1 }],
  ["a transport that there is not", FromWorker, { _tag: "Ready", transport: "tcp" }],
  [
    "a header without a value",
    FromWorker,
    {
      _tag: "Request",
      request: { id: 1, method: "GET", path: "/", query: "", headers: [["a"]], body: data, address: "::1" }
    }
  ],
  [
    "a question that there is not",
    FromWorker,
    { _tag: "Ask", questions: [{ _tag: "Guess", id: 0, channel: "a" }] }
  ],
  [
    "a publication without data among answers",
    ToWorker,
    { _tag: "Answered", answers: [{ _tag: "History", id: 2, offset: 2, epoch: "", publications: [bare] }] }
  ],
  [
    "an event that only the primary sees",
    FromWorker,
    { _tag: "Events", events: [{ _tag: "ChannelOccupied", channel: "a" }] }
  ],
  [
    "a child of an actor that is none",
    FromWorker,
    { _tag: "Observed", live: 0, samples: [], actors: [{ ...shards, children: [{ name: "x" }] }] }
  ]
])("%s is refused", (_, schema, message) => {
  const decode = Schema.decodeUnknownExit(schema as Schema.Codec<unknown>)
  expect(Exit.isFailure(decode(crossed(message)))).toBe(true)
})
