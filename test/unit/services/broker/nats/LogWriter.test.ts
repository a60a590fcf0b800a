/** How logs of channels are written: what goes together, what is asked, and that each operation is answered. */
import * as Effect from "effect/Effect"
import { beforeEach, describe, expect, it } from "vitest"
import { BrokerUnavailable } from "../../../../../src/services/broker/Broker.ts"
import type { Appended, ChannelLogs } from "../../../../../src/services/broker/nats/ChannelLogs.ts"
import type { Stored } from "../../../../../src/services/broker/nats/LogPart.ts"
import { LogWriter } from "../../../../../src/services/broker/nats/LogWriter.ts"
import {
  type KeysBehind,
  type Operation,
  type Passing,
  writerBounds
} from "../../../../../src/services/broker/nats/operations.ts"
import { Tops } from "../../../../../src/services/broker/nats/Tops.ts"
import type { Turns } from "../../../../../src/services/broker/nats/Turns.ts"

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
let keys: () => KeysBehind | undefined
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
  keys = () => holding({})
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
      Effect.try({
        try: () => {
          lookedBehind.push(since)
          return keys()
        },
        catch: (error) => error as BrokerUnavailable
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

const keyed = (name: string, key: string, since = 5, isNew = true): Operation => ({
  ...publication(name),
  check: { key, since, isNew, found: ({ offset }) => void answers.push(`${name} was ${offset}`) }
})

/** Keys at these sequences, and at offsets ten times as high. @param wholeBehind what stood before may be gone */
const holding = (keys: Readonly<Record<string, number>>, wholeBehind = 0): KeysBehind => ({
  found: new Map(
    Object.entries(keys).map(([key, seq]) => [key, { seq, position: { epoch: "e", offset: 10 * seq } }])
  ),
  wholeBehind
})

const clearing = (name: string): Operation => ({
  ...publication(name),
  plan: (draft) => {
    draft.clear()
    return () => void answers.push(`${name} cleared`)
  }
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
    keys = () => holding({ two: 6 })
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
    expect(answers).toEqual(["a 2", "c was 60", "b 3", "d 4", "e 1", "f 2"])
    expect(writer.waiting).toBe(0)
  })

  it("a server that knows less than this node is not believed, but asked again", async () => {
    await begun()
    // Another node has cleared the history, and published since then.
    const published = knownAt(9)
    add("a")
    stored(6)
    writer.add("news", clearing("b"))
    expect(sent.length).toBe(3)
    stored(7)
    expect(answers.splice(0)).toEqual(["a 2", "b cleared"])
    const older = knownAt(4)
    const askedAgain = new Promise<void>((resolve) => {
      last = () => {
        if (reads === 2) return older
        resolve()
        return published
      }
    })
    writer.add("news", clearing("c"))
    await askedAgain
    await settled()
    expect(sent.slice(3)).toMatchObject([{ expected: 9 }])
    stored(10)
    expect(answers).toEqual(["c cleared"])
  })

  it("where NATS never knows as much again, what was known does not hold any more", async () => {
    await begun()
    writer.add("news", clearing("a"))
    stored(6)
    const older = knownAt(4)
    const asked = new Promise<void>((resolve) => {
      last = () => {
        now = 6000
        resolve()
        return older
      }
    })
    writer.add("news", clearing("b"))
    await asked
    while (answers.length < 2) await settled()
    expect(answers).toEqual(["a cleared", "b the publication could not be written in time"])
    expect(tops.get("news")).toBeUndefined()
  })

  it("a key that stood before it was claimed was another publication's", async () => {
    await begun()
    const standing = knownAt(9)
    last = () => standing
    keys = () => holding({ one: 4, two: 7 })
    // They go together, behind what is under way.
    add("first")
    writer.add("news", keyed("a", "one", 5))
    writer.add("news", keyed("b", "two", 3))
    stored(6)
    await settled()
    expect(lookedBehind).toEqual([3])
    stored(10)
    expect(answers).toEqual(["first 2", "b was 70", "a 2"])
  })

  it("a claim of a log that is gone says nothing of the one in its place: all of it is looked at", async () => {
    await begun()
    const standing = knownAt(9)
    last = () => standing
    keys = () => holding({ one: 7 })
    writer.add("news", keyed("a", "one", 1000))
    await settled()
    expect([lookedBehind, answers]).toEqual([[0], ["a was 70"]])
  })

  it("where messages since a claim are gone, only who claimed it publishes; others are told that it is not known", async () => {
    await begun()
    const standing = knownAt(9)
    last = () => standing
    keys = () => holding({ three: 8 }, 6)
    add("first")
    writer.add("news", keyed("a", "one", 5))
    writer.add("news", keyed("b", "two", 5, false))
    writer.add("news", keyed("c", "three", 5, false))
    writer.add("news", keyed("d", "four", 6, false))
    stored(6)
    await settled()
    stored(10)
    expect(answers).toEqual([
      "first 2",
      expect.stringMatching(/^b whether .* is not in the history any more$/),
      "c was 80",
      "a 2",
      "d 3"
    ])
  })

  it("where keys cannot be looked for, what has none is published", async () => {
    await begun()
    const standing = knownAt(9)
    last = () => standing
    keys = () => {
      throw new BrokerUnavailable({ detail: "is not read" })
    }
    add("first")
    writer.add("news", keyed("a", "one", 3))
    add("b")
    stored(6)
    await settled()
    stored(10)
    expect(answers).toEqual(["first 2", "a is not read", "b 2"])
  })

  it("where the log is changed while keys are looked for, they are looked for again", async () => {
    await begun()
    const standing = knownAt(5)
    last = () => standing
    const lookedAgain = new Promise<void>((resolve) => {
      keys = () => {
        if (lookedBehind.length === 1) return undefined
        resolve()
        return holding({})
      }
    })
    writer.add("news", keyed("a", "one", 3))
    await lookedAgain
    await settled()
    expect([lookedBehind, sent.length]).toEqual([[3, 3], 2])
    stored(6)
    expect(answers).toEqual(["a 2"])
  })

  it("what only keeps its place is sent behind what waits; when it is closed it is refused", async () => {
    await begun()
    let sentOff = () => {}
    const pass = (name: string) =>
      writer.pass("news", {
        bytes: 1,
        send: (done) => {
          answers.push(`${name} sent`)
          sentOff = done
        },
        fail: ({ detail }) => void answers.push(`${name} ${detail}`)
      })
    pass("at once")
    expect(writer.waiting).toBe(1)
    sentOff()
    add("a")
    pass("behind a")
    expect([answers.splice(0), writer.waiting]).toEqual([["at once sent"], 2])
    stored(6)
    expect([answers.splice(0), writer.waiting]).toEqual([["a 2", "behind a sent"], 1])
    sentOff()
    add("b")
    pass("behind b")
    writer.close()
    pass("later")
    expect(answers).toEqual(["behind b the service ends", "later the service ends"])
    stored(7)
    expect(writer.waiting).toBe(0)
  })

  it("what NATS has not answered waits for it: beyond the bound more is refused, in whatever channels", async () => {
    await begun()
    const { waitingOperations } = writerBounds
    const passing: Passing = {
      bytes: 0,
      send: () => {},
      fail: ({ detail }) => void answers.push(`passing ${detail}`)
    }
    tops.note("elsewhere", tops.get("news")!)
    add("a")
    for (let at = 0; at < waitingOperations - 2; at++) writer.pass(`${at}`, passing)
    writer.add("elsewhere", publication("b"))
    expect(writer.waiting).toBe(waitingOperations)
    writer.add("third", publication("c"))
    writer.pass("third", passing)
    expect(answers).toEqual([
      expect.stringMatching(/^c 100000 publications of \d+ bytes wait/),
      expect.stringMatching(/^passing 100000 publications/)
    ])
    stored(6)
    expect(answers.splice(2)).toEqual(["b 2"])
    writer.pass("third", passing)
    expect(answers.length).toBe(2)
  })

  it("who fails when it is told keeps neither the others nor the channel without an answer", async () => {
    await begun()
    add("a")
    writer.add("news", {
      ...publication("b"),
      plan: (draft) => {
        draft.publish(BYTES, STREAM, {})
        return () => {
          throw new Error("a defect")
        }
      }
    })
    add("c")
    stored(6)
    expect(() => stored(8)).toThrow("a defect")
    add("d")
    stored(9)
    expect(answers).toEqual([
      "a 2",
      expect.stringMatching(/^b /),
      "c it failed unexpectedly",
      expect.stringMatching(/^d \d$/)
    ])
    await settled()
    expect(writer.waiting).toBe(0)
  })

  it("what another node wrote behind a message may be heard before that is acknowledged: it is followed", async () => {
    await begun()
    add("a")
    tops.note("news", { seq: 8, state: { ...tops.get("news")!.state!, offset: 3 } })
    stored(6)
    add("b")
    expect(sent.slice(2)).toMatchObject([{ expected: 8 }])
    stored(9)
    expect(answers).toEqual(["a 2", "b 4"])
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
