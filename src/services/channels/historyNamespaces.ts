/** The namespaces whose channels keep history, and which namespace a channel is of. */
import * as Duration from "effect/Duration"
import { type ChannelOptions, hasHistory } from "../../config/channelKeys.ts"
import { DEMO_NAMESPACE } from "../../config/demoKeys.ts"
import type { ServerConfigValue } from "../../config/ServerConfig.ts"
import type { NatsNamespaces } from "../broker/nats/natsBrokerOptions.ts"
import { namespaceOf } from "./channelName.ts"
import { DEMO_OPTIONS } from "./demoNamespace.ts"

/** The namespace without a name. */
const WITHOUT = ""

export const historyNamespaces = ({
  channels,
  demo
}: Pick<ServerConfigValue, "channels" | "demo">): NatsNamespaces => {
  const all: ReadonlyArray<ChannelOptions & { readonly name: string }> = [
    { ...channels.withoutNamespace, name: WITHOUT },
    ...channels.namespaces,
    ...(demo.enabled ? [{ ...DEMO_OPTIONS, name: DEMO_NAMESPACE }] : [])
  ]
  return {
    histories: all.filter(hasHistory).map(({ name, historySize, historyTtl, historyMetaTtl }) => ({
      name,
      size: historySize,
      ttlMs: Duration.toMillis(historyTtl),
      metaTtlMs: Duration.toMillis(historyMetaTtl)
    })),
    of: (channel) => namespaceOf(channel, channels) ?? WITHOUT
  }
}
