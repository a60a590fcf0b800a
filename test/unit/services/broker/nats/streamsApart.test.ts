/** A stream that does not answer holds up nothing of another one. */
import * as Effect from "effect/Effect"
import { describe, expect, it } from "vitest"
import { ChannelLogs } from "../../../../../src/services/broker/nats/ChannelLogs.ts"
import { Ears, type Hearing } from "../../../../../src/services/broker/nats/Ears.ts"
import type { LogReader } from "../../../../../src/services/broker/nats/LogReader.ts"
import { Tops } from "../../../../../src/services/broker/nats/Tops.ts"
import type { NatsLink } from "../../../../../src/services/nats/NatsLink.ts"

/** More than are under way at once. */
const MANY = Array.from({ length: 300 }, (_, at) => `deaf:${at}`)

/** A connection over which one stream is not answered when the test says so. */
const world = () => {
  const asked: Array<string> = []
  let isDeaf = false
  const link = {
    requestTimeoutMs: 3000,
    isUp: () => true,
    flushed: Effect.void,
    ask: (_: string, ask: () => Promise<unknown>) => Effect.promise(ask),
    listen: () => ({ isClosed: () => false, unsubscribe: () => {} }),
    troubles: { expect: () => ({ watch: (asking: unknown) => asking }) },
    subjects: {
      live: (channel: string) => channel,
      historyStream: (namespace: string) => namespace,
      history: (_: string, channel: string) => channel
    },
    manager: {
      streams: {
        getMessage: (stream: string) => {
          asked.push(stream)
          return isDeaf && stream === "deaf" ? new Promise(() => {}) : Promise.resolve(null)
        }
      }
    }
  } as unknown as NatsLink["Service"]
  const logs = new ChannelLogs(
    link,
    (channel) => channel.split(":")[0],
    false,
    () => false,
    () => 0
  )
  const deafen = () => {
    isDeaf = true
    asked.length = 0
  }
  return { link, logs, asked, deafen }
}

const settled = async (): Promise<void> => {
  for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve))
}

describe("where one of several streams does not answer", () => {
  it("others are asked", async () => {
    const { logs, deafen } = world()
    deafen()
    for (const channel of MANY) Effect.runFork(logs.last(channel))
    expect(await Effect.runPromise(logs.last("well:1"))).toMatchObject({ seq: 0 })
  })

  it("channels of others are looked at when the connection is back", async () => {
    const { link, logs, asked, deafen } = world()
    const ears = new Ears(link, logs, {} as LogReader, new Tops(), {} as Hearing, Effect.runFork)
    for (const channel of [...MANY, "well:1"]) await Effect.runPromise(ears.subscribe(channel))
    deafen()
    ears.syncAll()
    await settled()
    expect(asked.filter((stream) => stream === "well")).toEqual(["well"])
    expect(asked).toContain("deaf")
  })
})
