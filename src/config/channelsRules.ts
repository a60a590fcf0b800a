/** What has to fit together in the configuration of channels. */
import * as Duration from "effect/Duration"
import { OWN_NAMESPACE } from "../protocol/dashboard.ts"
import { type ChannelOptions, hasHistory } from "./channelKeys.ts"
import type { ChannelsConfig } from "./channelsKeys.ts"
import type { Rule } from "./resolve.ts"
import { show } from "./sources.ts"

type ChannelsRule = Rule<{ readonly channels: ChannelsConfig }>

const separators = ["namespaceBoundary", "userBoundary", "userSeparator", "privatePrefix"] as const

const separatorsDiffer: ChannelsRule = ({ channels }) =>
  separators.flatMap((one, at) =>
    separators
      .slice(at + 1)
      .filter((other) => channels[one].includes(channels[other]) || channels[other].includes(channels[one]))
      .map((other) => ({
        where: `channels.${other}`,
        message: `${show(channels[other])} cannot be told from channels.${one}, ${show(channels[one])}`
      }))
  )

const namesWithoutBoundary: ChannelsRule = ({ channels: { namespaces, namespaceBoundary } }) =>
  namespaces.flatMap(({ name }, at) =>
    name.includes(namespaceBoundary)
      ? [{ where: `channels.namespaces[${at}].name`, message: `has channels.namespaceBoundary in it` }]
      : []
  )

const ownNamespaceFree: ChannelsRule = ({ channels: { namespaces } }) =>
  namespaces.flatMap(({ name }, at) =>
    name === OWN_NAMESPACE
      ? [
          {
            where: `channels.namespaces[${at}].name`,
            message: `${show(name)} is the server's own, for what the dashboard hears; take another name`
          }
        ]
      : []
  )

const isZero = (duration: Duration.Duration): boolean => Duration.toMillis(duration) === 0

/** Options that promise what only history can keep. */
const ON_HISTORY = [
  "forcePositioning",
  "allowPositioning",
  "forceRecovery",
  "allowRecovery",
  "autoCacheRecover",
  "deltaPublish"
] as const

const optionProblems = (
  options: ChannelOptions
): ReadonlyArray<readonly [option: string, message: string]> => {
  const { historySize, historyTtl, historyMetaTtl } = options
  const onHistory: ReadonlyArray<string> = [
    ...ON_HISTORY.filter((option) => options[option]),
    ...(options.history.durable ? (["history.durable"] as const) : []),
    ...(options.allowedDeltaTypes.length > 0 ? (["allowedDeltaTypes"] as const) : [])
  ]
  return [
    ...(historySize > 0 && isZero(historyTtl)
      ? [["historyTtl", "must be longer than 0 where historySize is set"] as const]
      : []),
    ...(historySize === 0 && !isZero(historyTtl)
      ? [["historySize", "must be at least 1 where historyTtl is set"] as const]
      : []),
    ...(Duration.isLessThan(historyMetaTtl, historyTtl)
      ? [["historyMetaTtl", "must not be shorter than historyTtl"] as const]
      : []),
    ...(hasHistory(options)
      ? []
      : onHistory.map((option) => [option, "needs history: historySize and historyTtl"] as const)),
    ...(options.autoCacheRecover && options.forceRecoveryMode !== "cache"
      ? [["autoCacheRecover", 'needs forceRecoveryMode "cache"'] as const]
      : [])
  ]
}

const optionsFit: ChannelsRule = ({ channels: { withoutNamespace, namespaces } }) =>
  [
    ["channels.withoutNamespace", withoutNamespace] as const,
    ...namespaces.map((namespace, at) => [`channels.namespaces[${at}]`, namespace] as const)
  ].flatMap(([where, options]) =>
    optionProblems(options).map(([option, message]) => ({ where: `${where}.${option}`, message }))
  )

export const channelsRules: ReadonlyArray<ChannelsRule> = [
  separatorsDiffer,
  namesWithoutBoundary,
  ownNamespaceFree,
  optionsFit
]
