/** How logs of channels are written: what goes together, what is asked, and that each operation is answered. */
import * as Effect from "effect/Effect"
import { beforeEach, describe, expect, it } from "vitest"
import { BrokerUnavailable } from "../../../../../src/services/broker/Broker.ts"
import type { Appended, ChannelLogs } from "../../../../../src/services/broker/nats/ChannelLogs.ts"
import type { Stored } from "../../../../../src/services/broker/nats/LogPart.ts"
import { LogWriter } from "../../../../../src/services/broker/nats/LogWriter.ts"
import type { Operation } from "../../../../../src/services/broker/nats/operations.ts"
import { Tops } from "../../../../../src/services/broker/nats/Tops.ts"
import type { Turns } from "../../../../../src/services/broker/nats/Turns.ts"
import type { StreamPosition } from "../../../../../src/services/hot/ChannelEvent.ts"

const STREAM = { size: 10, ttlMs: 60_000, metaTtlMs: 60_000 }
const BYTES = new Uint8Array(1)
const NOTHING: Stored = { seq: 0, record: undefined }

interface Sent {
  readonly expected: number
  readonly count: number
  readonly answer: (appended: Appended) => void
}

let now: number
let sent: Array<Sent>
let reads: number
/** The log's last message, as it is read. */
let last: () => Stored
let isOurs: boolean
let outgoing: () => void
let tops: Tops
let writer: LogWriter
let answers: Array<string>
/** What the log holds; undefined: it is changed while it is read. */
let keys: () => ReadonlyMap<string, StreamPosition> | undefined
let lookedBehind: Array<number>

beforeEach(() => {
  now = 1000
  sent = []
  reads = 0
  last = () => NOTHING
  isOurs = true
  outgoing = () => {}
  tops = new Tops()
  answers = []
  keys = () => new Map()
  lookedBehind = []
  let count = 0
  const logs = {
    last: () =>
      Effect.sync(() => {
        reads++
        return last()
      }),
    append: (_: string, __: Uint8Array, expected: number, ___: unknown, answer: Sent["answer"]) =>
      void sent.push({ expected, count, answer }),
    purge: () => Effect.void
  } as unknown as ChannelLogs
  const turns = {
    isOurs: () => isOurs,
    wait: () => (isOurs ? Effect.void : Effect.never),
    ask: () => {}
  } as unknown as Turns
  writer = new LogWriter(
    logs,
    tops,
    turns,
    () => now,
    Effect.runFork,
    (_, { entries }) => {
      outgoing()
      count = entries.length
      return { bytes: BYTES, withdraw: () => {}, stands: () => {} }
    },
    (_, since) =>
      Effect.sync(() => {
        lookedBehind.push(since)
        return keys()
      })
  )
})

const publication = (name: string, id = ""): Operation => ({
  ...{ bytes: 1, id, deadline: 5000 },
  plan: (draft) => {
    const { offset } = draft.publish(BYTES, STREAM, {})
    return () => void answers.push(`${name} ${offset}`)
  },
  repeat: (seq) => void answers.push(`${name} known ${seq}`),
  fail: ({ detail }) => void answers.push(`${name} ${detail}`)
})

const keyed = (name: string, key: string, since = 5): Operation => ({
  ...publication(name),
  check: { key, since, found: ({ offset }) => void answers.push(`${name} was ${offset}`) }
})

/** The last message that this node knows, with another sequence: it is what a server answers. */
const knownAt = (seq: number): Stored => ({
  seq,
  record: { state: tops.get("news")!.state, origin: { node: "n", number: 1 }, entries: [] } as never
})

const add = (...names: ReadonlyArray<string>): void => {
  for (const name of names) writer.add("news", publication(name))
}

/** Answers the message that was sent last. */
const answer = (appended: Appended): void => sent.at(-1)!.answer(appended)

const stored = (seq: number): void => answer({ _tag: "stored", seq })

/** What was left for after the present has happened. */
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

/** The writer knows the channel's last message, which has offset 1 and sequence 5. */
const begun = async (): Promise<void> => {
  add("first")
  stored(5)
  await settled()
  expect(answers.splice(0)).toEqual(["first 1"])
}

describe("writing the log of a channel", () => {
  it("only the first message of a channel is read before; what waits meanwhile goes together", async () => {
    await begun()
    add("a", "b", "c")
    expect(sent.slice(1)).toMatchObject([{ expected: 5, count: 1 }])
    stored(6)
    expect(sent.slice(2)).toMatchObject([{ expected: 6, count: 2 }])
    stored(9)
    expect(answers).toEqual(["a 2", "b 3", "c 4"])
    expect([reads, writer.waiting, writer.messages]).toEqual([1, 0, 3])
  })

  it("who is overtaken reads, and tries again", async () => {
    await begun()
    add("a", "b")
    answer({ _tag: "overtaken" })
    expect(reads).toBe(2)
    expect(sent.slice(2)).toMatchObject([{ expected: 0, count: 1 }])
    stored(7)
    await settled()
    expect(sent.slice(3)).toMatchObject([{ expected: 7, count: 1 }])
    stored(8)
    expect(answers).toEqual(["a 1", "b 2"])
  })

  it("after a failure nothing is taken for known, and what waits follows", async () => {
    await begun()
    add("a", "b")
    answer({ _tag: "failed", error: new BrokerUnavailable({ detail: "is lost" }) })
    expect(answers).toEqual(["a is lost"])
    expect(reads).toBe(2)
    stored(8)
    expect(answers).toEqual(["a is lost", "b 1"])
  })

  it("a repetition is answered by where it stands", async () => {
    await begun()
    writer.add("news", publication("a", "id"))
    answer({ _tag: "known", seq: 3 })
    expect(answers).toEqual(["a known 3"])
  })

  it("those with a key go together, but never two of one key; who was published before has its answer", async () => {
    await begun()
    keys = () => new Map([["two", { epoch: "e", offset: 77 }]])
    last = () => (tops.get("news") === undefined ? NOTHING : knownAt(tops.get("news")!.seq))
    for (const operation of [
      ...[publication("a"), keyed("b", "one", 3), keyed("c", "two"), publication("d")],
      ...[keyed("e", "one", 9), keyed("f", "three", 8)]
    ])
      writer.add("news", operation)
    stored(6)
    await settled()
    // One look for all of them, from where the first has to be looked for.
    expect(lookedBehind).toEqual([3])
    expect(sent.slice(2)).toMatchObject([{ expected: 6, count: 2 }])
    stored(9)
    await settled()
    expect(sent.slice(3)).toMatchObject([{ expected: 9, count: 2 }])
    expect(lookedBehind).toEqual([3, 8])
    // Overtaken: they are looked for again where they are not known to be missing.
    answer({ _tag: "overtaken" })
    await settled()
    stored(12)
    await settled()
    expect(answers).toEqual(["a 2", "c was 77", "b 3", "d 4", "e 1", "f 2"])
    expect(writer.waiting).toBe(0)
  })

  it("a server that knows less than this node is believed: what follows its last message is overtaken, not published twice", async () => {
    await begun()
    const older = knownAt(4)
    last = () => older
    writer.add("news", keyed("a", "one", 3))
    await settled()
    expect(lookedBehind).toEqual([3])
    expect(sent.slice(1)).toMatchObject([{ expected: 4 }])
    const newer = knownAt(5)
    last = () => newer
    keys = () => new Map([["one", { epoch: "e", offset: 1 }]])
    answer({ _tag: "overtaken" })
    await settled()
    expect([lookedBehind, answers]).toEqual([[3, 4], ["a was 1"]])
  })

  it("where the log is changed while keys are looked for, they are looked for again", async () => {
    await begun()
    const standing = knownAt(5)
    last = () => standing
    const lookedAgain = new Promise<void>((resolve) => {
      keys = () => {
        if (lookedBehind.length === 1) return undefined
        resolve()
        return new Map()
      }
    })
    writer.add("news", keyed("a", "one", 3))
    await lookedAgain
    await settled()
    expect([lookedBehind, sent.length]).toEqual([[3, 3], 2])
    stored(6)
    expect(answers).toEqual(["a 2"])
  })

  it("what only keeps its place is sent behind what waits, and counts as waiting; when it is closed it is refused", async () => {
    await begun()
    const pass = (name: string) =>
      writer.pass("news", {
        bytes: 1,
        send: () => void answers.push(`${name} sent`),
        fail: ({ detail }) => void answers.push(`${name} ${detail}`)
      })
    pass("at once")
    add("a")
    pass("behind a")
    expect([answers.splice(0), writer.waiting]).toEqual([["at once sent"], 1])
    stored(6)
    expect([answers.splice(0), writer.waiting]).toEqual([["a 2", "behind a sent"], 0])
    add("b")
    pass("behind b")
    writer.close()
    expect([answers, writer.waiting]).toEqual([["behind b the service ends"], 0])
  })

  it("while it is the turn of others nothing is sent", async () => {
    await begun()
    isOurs = false
    add("a")
    expect(sent.length).toBe(1)
  })

  it("a defect is the failure of its message alone", async () => {
    await begun()
    outgoing = () => {
      throw new Error("a defect")
    }
    add("a", "b")
    outgoing = () => {}
    await settled()
    stored(6)
    expect(answers).toEqual(["a it failed unexpectedly", "b 1"])
  })

  it("however many wait until their time is over, all are told", async () => {
    await begun()
    add("under way")
    const names = Array.from({ length: 20_000 }, (_, at) => `${at}`)
    for (const name of names) writer.add("news", publication(name, name))
    now = 6000
    stored(6)
    expect(answers.slice(1)).toEqual(
      names.map((name) => `${name} the publication could not be written in time`)
    )
    expect(writer.waiting).toBe(0)
  })

  it("what waits when it is closed fails, and what is under way gets its answer", async () => {
    await begun()
    add("a", "b")
    writer.close()
    add("c")
    expect(answers).toEqual(["b the service ends", "c the service ends"])
    stored(6)
    expect(answers.slice(2)).toEqual(["a 2"])
    expect([sent.length, writer.waiting]).toEqual([2, 0])
  })

  it("who is overtaken when it is closed fails, too", async () => {
    await begun()
    add("a")
    writer.close()
    answer({ _tag: "overtaken" })
    expect(answers).toEqual(["a the service ends"])
    expect(reads).toBe(1)
  })
})
