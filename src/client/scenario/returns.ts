/** Figures of connections that were lost and came back. */
import type { ClientConfigValue } from "../../config/ClientConfig.ts"
import type { ScenarioFigure } from "../../protocol/report.ts"
import type { RunSnapshot } from "../metrics/RunMetrics.ts"
import type { ScenarioSnapshot } from "../metrics/ScenarioMetrics.ts"
import { higher, lower, percentiles, plain } from "./figures.ts"

/** Publications that connections never got; null where the server has told too little for it to be known of all. */
export const missedOf = (scenario: ScenarioSnapshot | undefined): number | null =>
  scenario === undefined ? 0 : scenario.unknown > 0 ? null : scenario.missed

/** Losses after which a connection did not come back with all that it had missed, or not at all. */
const notRecoveredOf = ({ lost, recovered }: ScenarioSnapshot): number => Math.max(0, lost - recovered)

export const returnFigures = (
  { scenario }: RunSnapshot,
  { protocol }: ClientConfigValue
): ReadonlyArray<ScenarioFigure> => {
  const away = percentiles(scenario?.awayMs)
  const setup = percentiles(scenario?.resetupMs)
  const recovery =
    protocol.type === "raw"
      ? []
      : [
          higher(
            "recovered",
            "came back with all that they had missed",
            "connections",
            scenario?.recovered ?? 0
          ),
          lower(
            "notRecovered",
            "did not: not recovered, or not back",
            "connections",
            scenario === undefined ? 0 : notRecoveredOf(scenario)
          ),
          plain(
            "recoveredPublications",
            "publications that came by recovery",
            "publications",
            scenario?.recoveredPublications ?? 0
          ),
          lower("duplicates", "publications that came twice", "publications", scenario?.duplicates ?? 0)
        ]
  return [
    plain("lost", "lost", "connections", scenario?.lost ?? 0),
    higher("returned", "came back", "connections", scenario?.returned ?? 0),
    ...recovery,
    lower("missed", "missed while away", "publications", missedOf(scenario)),
    ...(scenario !== undefined && scenario.unknown > 0
      ? [
          lower(
            "missedUnknown",
            "returns of which it is not known what they missed",
            "connections",
            scenario.unknown
          )
        ]
      : []),
    lower("recoveryP50", "time to come back, median", "ms", away.p50),
    lower("recoveryP99", "time to come back, 99th percentile", "ms", away.p99),
    lower("recoveryLast", "time to come back, the last", "ms", away.max),
    lower("resetupP50", "set-up time of the return, median", "ms", setup.p50),
    lower("resetupP99", "set-up time of the return, 99th percentile", "ms", setup.p99)
  ]
}
