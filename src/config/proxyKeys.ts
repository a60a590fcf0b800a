/**
 * Questions to the application's backend: where they go and what goes with them. Names and built-in values are Centrifugo's (version 6), in
 * camel case; gRPC is not there.
 */
import * as Duration from "effect/Duration"
import type { ChannelOptions } from "./channelKeys.ts"
import type { ChannelsConfig } from "./channelsKeys.ts"
import { endpointUrl, headerNames, headers } from "./httpKinds.ts"
import { type ConfigOf, key } from "./Keys.ts"
import * as Kind from "./Kind.ts"
import { namedList } from "./namedList.ts"
import type { Rule } from "./resolve.ts"

/** One proxy, whatever is asked through it. */
const proxyKeys = {
  endpoint: key(endpointUrl, undefined, "URL that is asked, by POST"),
  timeout: key(
    Kind.positiveDuration,
    Duration.seconds(1),
    "time for an answer, from the client's question on"
  ),
  httpHeaders: key(headerNames, [], "headers of the client's handshake that are passed on"),
  emulatedHeaders: key(
    headerNames,
    [],
    "headers of its connect command that are passed on; clients can write there what they like"
  ),
  includeConnectionMeta: key(Kind.boolean, false, "pass on the meta of the connection"),
  binaryEncoding: key(
    Kind.boolean,
    false,
    "pass on all payloads as Base64; false: only those that are not JSON"
  ),
  "http.staticHeaders": key(headers, {}, "headers of every request, such as a key for the backend")
}

export type ProxyConfig = ConfigOf<typeof proxyKeys>

const proxyAt = <const P extends string>(prefix: P) =>
  Object.fromEntries(
    Object.entries(proxyKeys).map(([name, value]) => [`${prefix}.${name}`, value])
  ) as unknown as { readonly [K in keyof typeof proxyKeys & string as `${P}.${K}`]: (typeof proxyKeys)[K] }

/** The name of the proxy that stands under `channels.proxy` or `rpc.proxy`. */
export const DEFAULT_PROXY = "default"

const rpcKeys = {
  proxyEnabled: key(Kind.boolean, false, "the backend answers remote procedure calls"),
  proxyName: key(Kind.text, DEFAULT_PROXY, "which of the proxies")
}

export const backendKeys = {
  "client.proxy.connect.enabled": key(
    Kind.boolean,
    false,
    "the backend decides about clients without a token that connect"
  ),
  ...proxyAt("client.proxy.connect"),
  "client.proxy.refresh.enabled": key(
    Kind.boolean,
    false,
    "the backend prolongs connections that expire; clients need not"
  ),
  ...proxyAt("client.proxy.refresh"),
  ...proxyAt("channels.proxy.subscribe"),
  ...proxyAt("channels.proxy.publish"),
  ...proxyAt("channels.proxy.subRefresh"),
  ...proxyAt("rpc.proxy"),
  "rpc.namespaceBoundary": key(Kind.text, ":", "what ends the namespace in the name of a method"),
  "rpc.withoutNamespace.proxyEnabled": rpcKeys.proxyEnabled,
  "rpc.withoutNamespace.proxyName": rpcKeys.proxyName,
  "rpc.namespaces": key(
    namedList(
      "a list of RPC namespaces: objects with name, proxyEnabled and proxyName",
      "what stands before the first boundary of a method",
      rpcKeys
    ),
    [],
    "list of RPC namespaces: {name, proxyEnabled, proxyName}"
  ),
  proxies: key(
    namedList(
      "a list of proxies: objects with a name and what a proxy has",
      "what subscribeProxyName and its like refer to",
      proxyKeys
    ),
    [],
    "list of further proxies: {name, and what stands under rpc.proxy}"
  ),
  "limits.proxyRequests": key(
    Kind.integer(1, 65_536),
    256,
    "requests that one proxy of a process has under way"
  ),
  "limits.proxyQueue": key(
    Kind.integer(0, 1_048_576),
    10_000,
    "questions that may wait for one proxy; more fail at once"
  ),
  "limits.proxyResponse": key(
    Kind.integer(1, 268_435_456),
    1_048_576,
    "bytes of a backend's answer; a larger one is a failure"
  )
}

type BackendConfig = ConfigOf<typeof backendKeys>

/** The proxies of channels: the name of each, and how the options of a namespace refer to it. */
const channelProxies = [
  ["subscribe", "subscribeProxyEnabled", "subscribeProxyName"],
  ["publish", "publishProxyEnabled", "publishProxyName"],
  ["subRefresh", "subRefreshProxyEnabled", "subRefreshProxyName"]
] as const

/** What is wrong with a reference to a proxy by name, if anything is. */
const checkReference = (
  { proxies }: BackendConfig,
  name: string,
  path: string,
  fallback: ProxyConfig
): string | undefined => {
  if (name === DEFAULT_PROXY)
    return fallback.endpoint === undefined ? `needs ${path}.endpoint, which is not set` : undefined
  const named = proxies.find((proxy) => proxy.name === name)
  if (named === undefined) return `refers to the proxy ${JSON.stringify(name)}, which is not in proxies`
  return named.endpoint === undefined
    ? `refers to the proxy ${JSON.stringify(name)}, which has no endpoint`
    : undefined
}

const problem = (where: string, message: string | undefined) =>
  message === undefined ? [] : [{ where, message }]

/** What is enabled needs somewhere to go. */
export const backendRules: ReadonlyArray<
  Rule<BackendConfig & { readonly channels: Pick<ChannelsConfig, "namespaces" | "withoutNamespace"> }>
> = [
  ({ client: { proxy } }) =>
    (["connect", "refresh"] as const).flatMap((name) =>
      proxy[name].enabled && proxy[name].endpoint === undefined
        ? problem(`client.proxy.${name}.enabled`, `needs client.proxy.${name}.endpoint, which is not set`)
        : []
    ),
  (config) => {
    const { namespaces, withoutNamespace, proxy } = config.channels
    const all: ReadonlyArray<readonly [where: string, options: ChannelOptions]> = [
      ["channels.withoutNamespace", withoutNamespace],
      ...namespaces.map((one, i) => [`channels.namespaces[${i}]`, one] as const)
    ]
    return all.flatMap(([where, options]) =>
      channelProxies.flatMap(([name, enabled, proxyName]) =>
        options[enabled]
          ? problem(
              `${where}.${enabled}`,
              checkReference(config, options[proxyName], `channels.proxy.${name}`, proxy[name])
            )
          : []
      )
    )
  },
  (config) => {
    const { namespaces, withoutNamespace, proxy } = config.rpc
    return [
      ["rpc.withoutNamespace", withoutNamespace] as const,
      ...namespaces.map((one, i) => [`rpc.namespaces[${i}]`, one] as const)
    ].flatMap(([where, { proxyEnabled, proxyName }]) =>
      proxyEnabled
        ? problem(`${where}.proxyEnabled`, checkReference(config, proxyName, "rpc.proxy", proxy))
        : []
    )
  },
  ({ proxies }) =>
    proxies.flatMap(({ name }, i) =>
      name === DEFAULT_PROXY
        ? problem(
            `proxies[${i}].name`,
            `${JSON.stringify(DEFAULT_PROXY)} is what stands under rpc.proxy and channels.proxy`
          )
        : []
    )
]
