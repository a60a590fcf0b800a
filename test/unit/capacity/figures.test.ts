import { describe, expect, it } from "vitest"
import { figures, sdk } from "../../../src/capacity/figures.ts"
import { MAX_HEARD_BEATS, MAX_NODES } from "../../../src/capacity/PlanInput.ts"
import * as Looks from "../../../src/services/broker/nats/Looks.ts"
import { type ChannelRecord, type Entry, recordToBytes } from "../../../src/services/broker/nats/records.ts"
import * as KnownNodes from "../../../src/services/cluster/KnownNodes.ts"
import { packed } from "../../../src/services/cluster/packed.ts"
import { sharedConfiguration } from "../../../src/services/cluster/sharedConfiguration.ts"
import { natsConfig } from "../../support/nats/natsLink.ts"

const NOW = 1_790_000_000_000
const UID = "00000000-0000-4000-8000-000000000000"
const PAYLOAD = 200
const origin = { node: UID, number: 123_456 }
const entry: Entry = {
  publication: {
    offset: 123_456,
    data: Buffer.alloc(PAYLOAD, "x"),
    time: NOW,
    isDelta: false,
    info: undefined,
    tags: undefined
  },
  receipt: undefined
}
const marks = Array.from({ length: 8 }, (_, at) => ({ offset: 123_400 + 8 * at, seq: 1_234_567 + at }))
const state = { offset: 123_456, first: 123_400, entriesUntil: NOW, until: NOW, version: 0, versionEpoch: "" }

const envelopeOf = (record: ChannelRecord) => recordToBytes(record).length - PAYLOAD

describe("a figure that is computed", () => {
  it.each([
    ["envelopeBytes", envelopeOf({ kind: "publication", origin, after: undefined, entry })],
    [
      "keptEnvelopeBytes",
      envelopeOf({ kind: "log", origin, state: { ...state, epoch: "abcdefgh", marks }, entries: [entry] })
    ],
    [
      "beatBytes",
      packed({
        uid: UID,
        name: "push-node-0123.eu-west-1.example.net",
        version: "0.1.0",
        server: "N".repeat(56),
        connections: 250_000,
        configuration: sharedConfiguration(natsConfig([{ url: "nats://127.0.0.1:4222" }])),
        nextMs: 2000
      }).length
    ],
    ["clientFrameBytes", `{"push":{"channel":"news","pub":{"data":,"offset":123456}}}`.length + 4]
  ] as const)("is what the code makes of it: %s", (name, bytes) => {
    expect(Math.abs(bytes - figures[name].value)).toBeLessThanOrEqual(5)
  })

  it("is the most nodes that know of each other, and the most that they hear of each other", () => {
    expect([MAX_NODES, MAX_HEARD_BEATS]).toEqual([KnownNodes.MAX_NODES, KnownNodes.MAX_HEARD_BEATS])
  })
})

describe("looks at channels", () => {
  it("are as many as nodes make", () => {
    const { looksOfAll, looksOfOne, lookAgainSeconds } = figures
    expect([looksOfAll.value, looksOfOne.value, 1000 * lookAgainSeconds.value]).toEqual([
      Looks.LOOKS_OF_ALL,
      Looks.LOOKS_OF_ONE,
      Looks.LOOK_AGAIN_MS
    ])
  })
})

describe("a figure", () => {
  it("is a number above 0, and tells what it is and where it comes from", () => {
    for (const { value, about, source } of Object.values(figures)) {
      expect(value).toBeGreaterThan(0)
      expect(about).not.toBe("")
      expect(source).toMatch(/npm run bench|\.ts|\.md|RFC|1500|its length/)
    }
  })
})

describe("what is said of the SDK", () => {
  it("is what it has without options", async () => {
    const { Centrifuge } = await import("centrifuge")
    const client = new Centrifuge("ws://localhost:1/connection/websocket") as unknown as {
      readonly _config: object
    }
    expect(client._config).toMatchObject({
      minReconnectDelay: sdk.minReconnectMs,
      maxReconnectDelay: sdk.maxReconnectMs,
      timeout: sdk.timeoutMs,
      maxServerPingDelay: sdk.pingGraceMs
    })
  })
})
