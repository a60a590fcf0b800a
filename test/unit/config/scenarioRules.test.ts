/** The load client's scenarios as a command line chooses them: the values that they set, and what cannot be together. */
import * as Duration from "effect/Duration"
import * as Result from "effect/Result"
import { describe, expect, it } from "vitest"
import { type ClientConfigValue, clientKeys } from "../../../src/config/ClientConfig.ts"
import { readCommandLine } from "../../../src/config/commandLine.ts"
import { serverKeys } from "../../../src/config/ServerConfig.ts"
import { SCENARIOS } from "../../../src/config/scenarioKeys.ts"
import { scenarioPreset } from "../../../src/config/scenarioPresets.ts"
import { scenarioRules } from "../../../src/config/scenarioRules.ts"
import { flags } from "../../support/client/Program.ts"

const program = {
  ...{ name: "client", about: "loads", keys: clientKeys, alsoKnown: serverKeys },
  ...{ rules: scenarioRules, presets: scenarioPreset }
}

const read = (settings: Readonly<Record<string, unknown>>, environment = {}) =>
  readCommandLine(program, flags(settings), environment)

const config = (settings: Readonly<Record<string, unknown>>, environment = {}): ClientConfigValue => {
  const wish = Result.getOrThrow(read(settings, environment))
  if (!("config" in wish)) throw new Error("it would not run")
  return wish.config
}

const wrong = (settings: Readonly<Record<string, unknown>>): ReadonlyArray<string> => {
  const wish = read(settings)
  return Result.isFailure(wish) ? wish.failure.problems.map(({ where }) => where) : []
}

/** All that a scenario cannot do without. */
const needs: Readonly<Record<(typeof SCENARIOS)[number], Readonly<Record<string, unknown>>>> = {
  ramp: {},
  hold: {},
  spike: {},
  churn: {},
  drop: { "protocol.channel": "news", "publish.apiKey": "key" },
  "slow-reader": {},
  "find-max": {}
}

describe("a scenario", () => {
  it("sets the values of other keys", () => {
    const { reconnect, protocol, publish } = config({ scenario: "drop", ...needs.drop })
    expect([reconnect.enabled, protocol.type, publish.rate]).toEqual([true, "centrifuge", 10])
    expect(config({ scenario: "spike" }).setup.batchSize).toBe(100_000)
    expect(config({ scenario: "find-max" }).thresholds).toMatchObject({
      p99: 1000,
      errors: 0,
      delivered: 100
    })
    expect(config({}).reconnect.enabled).toBe(false)
  })

  it("is chosen wherever a key can be given, and what is given counts more than what it sets", () => {
    const { publish, drop } = config(
      { ...needs.drop, "publish.rate": 50, "drop.delay": "1 second" },
      { CLARION_SCENARIO: "drop" }
    )
    expect([publish.rate, Duration.toMillis(drop.delay)]).toEqual([50, 1000])
    expect(config({ scenario: "find-max" }, { CLARION_THRESHOLDS_P99: "20" }).thresholds.p99).toBe(20)
    // The flag is the later one.
    expect(config({ scenario: "hold" }, { CLARION_SCENARIO: "churn" }).reconnect.enabled).toBe(false)
  })

  it.each(SCENARIOS)("%s runs with nothing but what it needs", (scenario) => {
    expect(wrong({ scenario, ...needs[scenario] })).toEqual([])
  })

  it("that there is not is told with those that there are", () => {
    const wish = read({ scenario: "flood" })
    expect(Result.isFailure(wish) && wish.failure.message).toContain(
      'scenario: expected one of "ramp", "hold", "spike", "churn", "drop", "slow-reader", "find-max", found "flood"'
    )
  })
})

describe("what cannot be together", () => {
  it("a client protocol without a channel, a token without the protocol", () => {
    expect(wrong({ "protocol.type": "centrifuge" })).toEqual(["protocol.channel"])
    expect(wrong({ "protocol.token": "t" })).toEqual(["protocol.token"])
    expect(wrong({ "protocol.type": "centrifuge", "protocol.channel": "x", "protocol.token": "t" })).toEqual(
      []
    )
  })

  it("publishing without a key, or to another host than the run's", () => {
    expect(wrong({ "publish.rate": 1 })).toEqual(["publish.apiKey"])
    const there = { "server.uri": "ws://10.0.0.1:8000", "publish.apiKey": "k", "publish.rate": 1 }
    expect(wrong({ ...there, "publish.uri": "http://10.0.0.2:9000" })).toEqual(["publish.uri"])
    expect(wrong({ ...there, "publish.uri": "https://10.0.0.1:9000" })).toEqual([])
  })

  it("drop without channel and key, raw, or with connections that stay away", () => {
    expect(wrong({ scenario: "drop" })).toEqual(["protocol.channel", "publish.apiKey"])
    expect(wrong({ scenario: "drop", "protocol.channel": "x", "publish.rate": 0 })).toEqual([])
    expect(wrong({ scenario: "drop", ...needs.drop, "protocol.type": "raw" })).toEqual(["protocol.type"])
    expect(wrong({ scenario: "drop", ...needs.drop, "reconnect.enabled": false })).toEqual([
      "reconnect.enabled"
    ])
  })

  it("churn of nobody, or of connections that stay away", () => {
    expect(wrong({ scenario: "churn", "churn.share": 0 })).toEqual(["churn.share"])
    expect(wrong({ scenario: "churn", "reconnect.enabled": false })).toEqual(["reconnect.enabled"])
  })

  it("a spike in batches", () => {
    expect(wrong({ scenario: "spike", "total.clients": 500, "setup.batchSize": 499 })).toEqual([
      "setup.batchSize"
    ])
    expect(wrong({ scenario: "spike", "total.clients": 500, "setup.batchSize": 500 })).toEqual([])
  })

  it("slow readers without readers, or none", () => {
    for (const share of [0, 100])
      expect(wrong({ scenario: "slow-reader", "slowReader.share": share })).toEqual(["slowReader.share"])
  })

  it("levels of nothing", () => {
    expect(wrong({ scenario: "find-max", "total.clients": 9 })).toEqual(["findMax.levels"])
    expect(wrong({ scenario: "find-max", "total.clients": 5, "local.ip": "127.0.1.1-127.0.1.2" })).toEqual([])
    const rate = { scenario: "find-max", "findMax.of": "rate" }
    expect(wrong(rate)).toEqual(["publish.apiKey"])
    expect(wrong({ ...rate, "publish.apiKey": "k", "publish.rate": 5 })).toEqual(["publish.rate"])
    expect(wrong({ ...rate, "publish.apiKey": "k", "findMax.rate": 0 })).toEqual(["findMax.rate"])
  })

  it("limits of figures that the run does not have", () => {
    expect(wrong({ "thresholds.missed": 0, "thresholds.recovery": 5 })).toEqual([
      "thresholds.missed",
      "thresholds.recovery"
    ])
    expect(wrong({ scenario: "churn", "thresholds.missed": 0, "thresholds.recovery": 5 })).toEqual([])
    expect(wrong({ scenario: "churn", "thresholds.notRecovered": 0 })).toEqual(["thresholds.notRecovered"])
  })
})
