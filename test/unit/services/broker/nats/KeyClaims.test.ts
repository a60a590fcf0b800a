/** How keys are claimed where NATS says odd things. With real servers: test/integration/nats/brokerCluster.test.ts. */
import { JetStreamApiCodes, JetStreamApiError } from "@nats-io/jetstream"
import * as Effect from "effect/Effect"
import { beforeEach, describe, expect, it } from "vitest"
import { BrokerUnavailable } from "../../../../../src/services/broker/Broker.ts"
import { KeyClaims } from "../../../../../src/services/broker/nats/KeyClaims.ts"
import type { Stored } from "../../../../../src/services/broker/nats/LogPart.ts"
import type { LogReader } from "../../../../../src/services/broker/nats/LogReader.ts"
import type { NatsLink } from "../../../../../src/services/nats/NatsLink.ts"
import { Subjects } from "../../../../../src/services/nats/subjects.ts"

const TIMEOUT_MS = 200
const taken = new JetStreamApiError({
  ...{ code: 400, err_code: JetStreamApiCodes.StreamWrongLastSequence },
  description: "wrong last sequence"
})
const missingStream = new JetStreamApiError({
  ...{ code: 404, err_code: JetStreamApiCodes.StreamNotFound },
  description: "stream not found"
})

let stored: Uint8Array | undefined
/** What NATS answers to each attempt to claim, the last one also afterwards; undefined: it stores it where nothing is. */
let refusals: Array<Error | undefined>
/** Whether the server that is asked knows what is stored. */
let knows: Array<boolean>
let published: number
let missing: number
let messages: ReadonlyArray<Stored>
let claims: KeyClaims

beforeEach(() => {
  stored = undefined
  refusals = [undefined]
  knows = [true]
  published = 0
  missing = 0
  messages = []
  const next = <A>(all: Array<A>): A => (all.length > 1 ? all.shift()! : all[0]!)
  const link = {
    requestTimeoutMs: TIMEOUT_MS,
    subjects: new Subjects("t"),
    ask: <A>(what: string, ask: () => Promise<A>) =>
      Effect.tryPromise({
        try: ask,
        catch: (error) => new BrokerUnavailable({ detail: `${what}: ${(error as Error).message}` })
      }),
    jetstream: {
      publish: async (_: string, bytes: Uint8Array, options?: unknown) => {
        published++
        const refusal = next(refusals)
        if (refusal !== undefined) throw refusal
        if (stored !== undefined && options !== undefined) throw taken
        stored = bytes
      }
    },
    manager: {
      streams: {
        getMessage: async () => (next(knows) && stored !== undefined ? { data: stored } : null)
      }
    }
  } as unknown as NatsLink["Service"]
  const reader = { read: () => Effect.succeed(messages) } as unknown as LogReader
  claims = new KeyClaims(
    link,
    reader,
    () => void missing++,
    () => performance.now()
  )
})

const claim = (since: number) => Effect.runPromise(claims.claim("id", since))
const refused = (since: number) => Effect.runPromise(Effect.flip(claims.claim("id", since)))

/** A message of a log, behind others. */
const message = (seq: number, keys: ReadonlyArray<string>, marks: ReadonlyArray<object>): Stored => ({
  seq,
  record: {
    state: { epoch: "e", offset: seq, marks },
    entries: keys.map((key, at) => ({ key, publication: { offset: seq - keys.length + 1 + at } }))
  } as never
})

describe("a claim of an idempotency key", () => {
  it("is of who came first; where it was published is known to who comes then", async () => {
    expect(await claim(5)).toEqual({ _tag: "claimed", since: 5, isNew: true })
    expect(await claim(8)).toEqual({ _tag: "claimed", since: 5, isNew: false })
    await Effect.runPromise(claims.published("id", { epoch: "e", offset: 3 }))
    expect(await claim(9)).toEqual({ _tag: "published", position: { epoch: "e", offset: 3 } })
  })

  it("that is taken and not found is not one's own: a server may not know of it yet", async () => {
    await claim(5)
    knows = [false, true]
    expect(await claim(60)).toEqual({ _tag: "claimed", since: 5, isNew: false })
  })

  it("that was taken and has ended may be made anew", async () => {
    refusals = [taken, undefined]
    expect(await claim(60)).toEqual({ _tag: "claimed", since: 60, isNew: true })
  })

  it("is made when NATS has its stream again; not for longer than an answer may take", async () => {
    refusals = [missingStream, undefined]
    expect(await claim(5)).toMatchObject({ isNew: true })
    expect(missing).toBe(1)
    stored = undefined
    refusals = [missingStream]
    expect(await refused(5)).toMatchObject({ detail: expect.stringMatching(/cannot be claimed now/) })
    expect(published).toBeGreaterThan(3)
    refusals = [new Error("odd")]
    expect(await refused(5)).toMatchObject({ detail: expect.stringMatching(/not acknowledged: odd/) })
  })
})

describe("keys behind a sequence", () => {
  const behind = (since: number) =>
    Effect.runPromise(claims.behind("news", since, { seq: 9, record: undefined }))

  it("stand where the messages do that hold them, and what stood before may be gone", async () => {
    messages = [
      message(7, ["a", "b"], [{ offset: 5, seq: 6 }]),
      message(9, ["a", "c"], [{ offset: 7, seq: 7 }])
    ]
    const found = await behind(5)
    expect([...found!.found]).toEqual([
      ["a", { seq: 9, position: { epoch: "e", offset: 8 } }],
      ["b", { seq: 7, position: { epoch: "e", offset: 7 } }],
      ["c", { seq: 9, position: { epoch: "e", offset: 9 } }]
    ])
    expect(found!.wholeBehind).toBe(6)
  })

  it("nothing is gone where the log begins, with a publication or without", async () => {
    messages = [message(9, ["a"], [])]
    expect((await behind(5))!.wholeBehind).toBe(0)
    messages = [message(9, ["a"], [{ offset: 0, seq: 8 }])]
    expect((await behind(5))!.wholeBehind).toBe(0)
  })

  it("may be gone where a server has lost a message in the middle", async () => {
    messages = [message(6, ["a"], []), message(7, ["b"], []), message(9, ["c"], [])]
    expect((await behind(5))!.wholeBehind).toBe(8)
  })

  it("are not known while the last message is not there, or cannot be read", async () => {
    messages = []
    expect(await behind(5)).toBeUndefined()
    messages = [message(8, ["a"], [])]
    expect(await behind(5)).toBeUndefined()
    messages = [{ seq: 9, record: undefined }]
    expect((await behind(5))!.wholeBehind).toBe(9)
  })
})
