/** All scenarios, by their letters. */

import { noVerdicts } from "../support/scenario.ts"
import { channelCases, hundredEach, oneChannel, oneChannelVerdicts, ownChannels, rawCase } from "./fanOut.ts"
import { idleCases } from "./idle.ts"
import { memoryCases, memoryVerdicts } from "./memory.ts"
import { recoveryCases } from "./recovery.ts"
import type { Scenario } from "./scenario.ts"
import { loadCases, loadVerdicts } from "./serverApi.ts"

export const scenarios = {
  a: {
    about: "one channel that everyone hears, beside the raw broadcast, Socket.IO rooms and bare uWS topics",
    cases: [rawCase(oneChannel), ...channelCases(oneChannel)],
    verdicts: oneChannelVerdicts
  },
  b: {
    about: "a channel for each connection, one publication into each",
    cases: channelCases(ownChannels),
    verdicts: noVerdicts
  },
  c: { about: "100 subscribers for each channel", cases: channelCases(hundredEach), verdicts: noVerdicts },
  d: {
    about: "the server API: publish requests and batches, one core, nobody subscribed",
    cases: loadCases,
    verdicts: loadVerdicts
  },
  e: {
    about: "memory of a connection with one subscription",
    cases: memoryCases,
    verdicts: memoryVerdicts
  },
  f: {
    about: "everyone reconnects at once with 50 missed publications",
    cases: recoveryCases,
    verdicts: noVerdicts
  },
  g: { about: "idle clients that answer pings", cases: idleCases, verdicts: noVerdicts }
} as const satisfies Record<string, Scenario>

export type ScenarioId = keyof typeof scenarios
export const scenarioIds = Object.keys(scenarios) as ReadonlyArray<ScenarioId>
