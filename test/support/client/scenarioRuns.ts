/** Scenarios of the load client as a process, against the server as a process, and what their reports say. */
import { join } from "node:path"
import type { Report } from "../../../src/protocol/report.ts"
import { temporaryFolder } from "../server/temporaryFolder.ts"
import type { End, Program } from "./Program.ts"
import { reportAt, startClient } from "./programs.ts"

export const API_KEY = "the key of the tests"

/** A server with nothing of its own to say, whose channels keep history, and whose disk nobody waits for. */
export const QUIET = {
  ...{ onlyTestConnect: true, "auth.apiKey": API_KEY },
  "channels.withoutNamespace.history.durable": false
}

/** Channels without a namespace keep nothing. */
export const NO_HISTORY = {
  ...QUIET,
  "channels.withoutNamespace.historySize": 0,
  "channels.withoutNamespace.historyTtl": 0,
  "channels.withoutNamespace.forceRecovery": false
}

/** Twenty publications a second to everyone. */
export const PUBLISHING = { "publish.rate": 20, "publish.apiKey": API_KEY }

/** Connections that subscribe to a channel. */
export const SUBSCRIBED = { "protocol.type": "centrifuge", "protocol.channel": "news" }

export interface ScenarioRun {
  readonly client: Program
  /** Ends by itself: how, and with what report. */
  readonly ended: () => Promise<{
    readonly end: End
    readonly report: Report
    readonly figures: Readonly<Record<string, number | null>>
  }>
}

/** No scenario here needs a duration: `duration` is unset, so a run that does not end by itself fails its test. */
export const startScenario = (
  uri: string,
  scenario: string,
  settings: Readonly<Record<string, unknown>>
): ScenarioRun => {
  const path = join(temporaryFolder(), "report.json")
  const client = startClient(uri, {
    ...{ scenario, duration: 0, "report.json": path, "report.interval": "300 ms" },
    ...settings
  })
  const ended = async () => {
    const end = await client.ended
    const report = reportAt(path)
    const all = report.scenario?.figures ?? []
    const { publications } = report
    const own = publications && {
      ...{ published: publications.published, publishFailed: publications.failed },
      publishSkipped: publications.skipped
    }
    return {
      end,
      report,
      figures: { ...own, ...Object.fromEntries(all.map(({ name, value }) => [name, value])) }
    }
  }
  return { client, ended }
}
