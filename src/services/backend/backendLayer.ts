/** The backend of a configuration: its proxies, and the hooks of an embedding program in their place. */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Predicate from "effect/Predicate"
import { DEFAULT_PROXY, type ProxyConfig } from "../../config/proxyKeys.ts"
import { ServerConfig, type ServerConfigValue } from "../../config/ServerConfig.ts"
import { ErrorCodes } from "../../protocol/codes.ts"
import { OWN_OPTIONS } from "../channels/ownChannels.ts"
import { makeFailureLog } from "../failureLog.ts"
import { makeHttpClient } from "../httpClient.ts"
import { Metrics } from "../Metrics.ts"
import {
  Backend,
  BackendError,
  BackendFailed,
  BackendHooks,
  type Hook,
  type RpcAnswer,
  type RpcQuestion
} from "./Backend.ts"
import { makeProxy, type Proxy } from "./Proxy.ts"
import {
  type ReadResult,
  readConnect,
  readPublish,
  readRefresh,
  readRpc,
  readSubscribe
} from "./proxyAnswer.ts"
import type { Asked } from "./proxyRequest.ts"

/** The proxies that have an endpoint, by where they stand in the configuration. */
const configured = ({
  client,
  channels,
  rpc,
  proxies
}: ServerConfigValue): ReadonlyMap<string, ProxyConfig> =>
  new Map([
    ...(client.proxy.connect.enabled ? [["client.proxy.connect", client.proxy.connect] as const] : []),
    ...(client.proxy.refresh.enabled ? [["client.proxy.refresh", client.proxy.refresh] as const] : []),
    ["channels.proxy.subscribe", channels.proxy.subscribe],
    ["channels.proxy.publish", channels.proxy.publish],
    ["channels.proxy.subRefresh", channels.proxy.subRefresh],
    ["rpc.proxy", rpc.proxy],
    ...proxies.map((proxy) => [`proxies.${proxy.name}`, proxy] as const)
  ])

/** A hook of an embedding program that ends in time and dies alone. */
const guarded = <Q, A>(
  name: string,
  hook: Hook<Q, A> | undefined,
  limits: ServerConfigValue["limits"]
): Hook<Q, A> | undefined => {
  if (hook === undefined) return undefined
  const log = makeFailureLog(`the hook ${name} failed`)
  const failed = (detail: string) =>
    Effect.andThen(log(detail), Effect.fail(new BackendFailed({ detail: `the hook ${name}: ${detail}` })))
  return (question) =>
    Effect.suspend(() => hook(question)).pipe(
      Effect.timeoutOrElse({ duration: limits.hookTimeout, orElse: () => failed("no answer in time") }),
      Effect.catchDefect((defect) =>
        failed(defect instanceof Error ? (defect.stack ?? defect.message) : String(defect))
      )
    )
}

const METHOD_NOT_FOUND: Hook<unknown, never> = () => {
  const { code, message, isTemporary } = ErrorCodes.methodNotFound
  return Effect.fail(new BackendError({ code, message, isTemporary }))
}

/** The part of a method's name before the boundary says which proxy answers, as for channels. */
const rpcRouter = (
  { namespaceBoundary, namespaces, withoutNamespace }: ServerConfigValue["rpc"],
  proxyOf: (name: string) => Hook<RpcQuestion, RpcAnswer> | undefined
): ((method: string) => Hook<RpcQuestion, RpcAnswer> | undefined) => {
  const byName = new Map(namespaces.map((namespace) => [namespace.name, namespace]))
  const isOff = ![withoutNamespace, ...namespaces].some(({ proxyEnabled }) => proxyEnabled)
  return (method) => {
    const end = method.indexOf(namespaceBoundary)
    const namespace = end < 0 ? withoutNamespace : byName.get(method.slice(0, end))
    if (namespace === undefined) return isOff ? undefined : METHOD_NOT_FOUND
    return namespace.proxyEnabled ? proxyOf(namespace.proxyName) : undefined
  }
}

const make = Effect.gen(function* () {
  const config = yield* ServerConfig
  const hooks = yield* BackendHooks
  const http = yield* makeHttpClient

  const proxies = new Map<string, Proxy>()
  const headers = new Set<string>()
  const emulatedHeaders = new Set<string>()
  for (const [path, { endpoint, ...proxy }] of configured(config)) {
    if (endpoint === undefined) continue
    proxies.set(path, makeProxy(path, { ...proxy, endpoint }, config.limits, http))
    for (const name of proxy.httpHeaders) headers.add(name.toLowerCase())
    for (const name of proxy.emulatedHeaders) emulatedHeaders.add(name.toLowerCase())
  }
  yield* (yield* Metrics).register(
    Effect.sync(() => [...proxies.values()].flatMap((proxy) => proxy.samples()))
  )

  /** The proxies that a name can stand for, ready to be asked. */
  const named = <A>(path: string, readResult: ReadResult<A>) => {
    const all = new Map<string, Hook<Asked, A>>()
    const add = (name: string, at: string) => {
      const proxy = proxies.get(at)
      if (proxy !== undefined) all.set(name, proxy.ask(readResult))
    }
    add(DEFAULT_PROXY, path)
    for (const { name } of config.proxies) add(name, `proxies.${name}`)
    return (name: string) => all.get(name)
  }
  const subscribeProxy = named("channels.proxy.subscribe", readSubscribe)
  const publishProxy = named("channels.proxy.publish", readPublish)
  const subRefreshProxy = named("channels.proxy.subRefresh", readRefresh)

  const { limits } = config
  const subscribe = guarded("subscribe", hooks.subscribe, limits)
  const publish = guarded("publish", hooks.publish, limits)
  const subRefresh = guarded("subRefresh", hooks.subRefresh, limits)
  const rpc = guarded("rpc", hooks.rpc, limits)
  const hasHooks = Object.values(hooks).some(Predicate.isNotUndefined)
  return Backend.of({
    connect:
      guarded("connect", hooks.connect, limits) ?? proxies.get("client.proxy.connect")?.ask(readConnect),
    refresh:
      guarded("refresh", hooks.refresh, limits) ?? proxies.get("client.proxy.refresh")?.ask(readRefresh),
    subscribe: ({ subscribeProxyEnabled, subscribeProxyName }) =>
      subscribe ?? (subscribeProxyEnabled ? subscribeProxy(subscribeProxyName) : undefined),
    publish: ({ publishProxyEnabled, publishProxyName }) =>
      publish ?? (publishProxyEnabled ? publishProxy(publishProxyName) : undefined),
    subRefresh: (options) => {
      // Pages of the server's own prolong their subscriptions by tokens.
      if (options === OWN_OPTIONS) return undefined
      const { subRefreshProxyEnabled, subRefreshProxyName } = options
      return subRefresh ?? (subRefreshProxyEnabled ? subRefreshProxy(subRefreshProxyName) : undefined)
    },
    rpc: rpc === undefined ? rpcRouter(config.rpc, named("rpc.proxy", readRpc)) : () => rpc,
    wantsHeader: (name) => hasHooks || headers.has(name),
    wantsEmulatedHeader: (name) => hasHooks || emulatedHeaders.has(name.toLowerCase())
  })
})

/** `BackendHooks` are those that are provided where the layer is built. */
export const layerBackend: Layer.Layer<Backend, never, ServerConfig | Metrics> = Layer.effect(Backend, make)
