/** What has to fit together in the configuration of a scenario. */
import type { ClientConfigValue } from "./ClientConfig.ts"
import { parseLocalAddresses } from "./localAddresses.ts"
import type { Rule } from "./resolve.ts"
import { show } from "./sources.ts"

type ClientRule = Rule<ClientConfigValue>

const unless = (isRight: boolean, where: string, message: string) => (isRight ? [] : [{ where, message }])

const centrifugeHasChannel: ClientRule = ({ protocol }) => [
  ...unless(
    protocol.type === "raw" || protocol.channel !== undefined,
    "protocol.channel",
    'has to be given where protocol.type is "centrifuge"'
  ),
  ...unless(
    protocol.type === "centrifuge" || protocol.token === undefined,
    "protocol.token",
    'needs protocol.type "centrifuge"'
  )
]

const publishingCanBe: ClientRule = ({ publish, server }) => [
  ...unless(
    publish.rate === 0 || publish.apiKey !== undefined,
    "publish.apiKey",
    "has to be given where publish.rate is not 0; publish.rate 0 leaves publishing to others"
  ),
  ...unless(
    publish.uri === undefined || new URL(publish.uri).hostname === new URL(server.uri).hostname,
    "publish.uri",
    `${show(publish.uri)} is on another host than server.uri, ${show(server.uri)}`
  )
]

const comesBack: ClientRule = ({ scenario, reconnect }) =>
  unless(
    (scenario !== "drop" && scenario !== "churn") || reconnect.enabled,
    "reconnect.enabled",
    `must be true in the scenario ${scenario}, whose connections come back`
  )

const spikeIsAtOnce: ClientRule = ({ scenario, setup, total }) =>
  unless(
    scenario !== "spike" || setup.batchSize >= total.clients,
    "setup.batchSize",
    "must not be less than total.clients in the scenario spike, which opens all at once"
  )

const churnHasShare: ClientRule = ({ scenario, churn }) =>
  unless(scenario !== "churn" || churn.share > 0, "churn.share", "must be more than 0 in the scenario churn")

const dropRecovers: ClientRule = ({ scenario, protocol }) =>
  unless(
    scenario !== "drop" || protocol.type === "centrifuge",
    "protocol.type",
    'must be "centrifuge" in the scenario drop, which measures its recovery'
  )

const someRead: ClientRule = ({ scenario, slowReader: { share } }) =>
  unless(
    scenario !== "slow-reader" || (share > 0 && share < 100),
    "slowReader.share",
    "must be more than 0 and less than 100 in the scenario slow-reader, whose readers are measured"
  )

const findMaxHasLevels: ClientRule = ({ scenario, findMax, publish, total, local }) => {
  if (scenario !== "find-max") return []
  if (findMax.of === "rate")
    return [
      ...unless(publish.apiKey !== undefined, "publish.apiKey", 'has to be given where findMax.of is "rate"'),
      ...unless(publish.rate === 0, "publish.rate", 'and findMax.of "rate" exclude each other'),
      ...unless(findMax.rate > 0, "findMax.rate", "must be more than 0")
    ]
  const connections = total.clients * (parseLocalAddresses(local.ip) as ReadonlyArray<string>).length
  return unless(
    findMax.levels <= connections,
    "findMax.levels",
    `must not be more than the connections, ${connections}`
  )
}

/** Limits of figures that only some scenarios have. */
const limitsHaveFigures: ClientRule = ({ scenario, thresholds, protocol }) => [
  ...(["missed", "recovery", "notRecovered"] as const).flatMap((name) =>
    unless(
      thresholds[name] === undefined || scenario === "drop" || scenario === "churn",
      `thresholds.${name}`,
      'needs the scenario "drop" or "churn"'
    )
  ),
  ...unless(
    // That drop is not raw is told above.
    thresholds.notRecovered === undefined || protocol.type === "centrifuge" || scenario === "drop",
    "thresholds.notRecovered",
    'needs protocol.type "centrifuge": raw connections recover nothing'
  )
]

export const scenarioRules: ReadonlyArray<ClientRule> = [
  centrifugeHasChannel,
  publishingCanBe,
  comesBack,
  spikeIsAtOnce,
  churnHasShare,
  dropRecovers,
  someRead,
  findMaxHasLevels,
  limitsHaveFigures
]
