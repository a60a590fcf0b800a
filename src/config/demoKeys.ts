/** The demo page, and the namespace that it takes. */
import type { ChannelsConfig } from "./channelsKeys.ts"
import type { clientProtocolKeys } from "./clientProtocolKeys.ts"
import { type ConfigOf, key } from "./Keys.ts"
import * as Kind from "./Kind.ts"
import type { backendKeys } from "./proxyKeys.ts"
import type { Rule } from "./resolve.ts"

/** Its channels are the demo's where the demo is on. */
export const DEMO_NAMESPACE = "demo"

export const demoKeys = {
  "demo.enabled": key(
    Kind.boolean,
    false,
    "serve /demo, and let everyone who may connect without a token hear and publish in the channel demo:chat"
  )
}

type DemoRule = Rule<
  ConfigOf<typeof demoKeys & typeof backendKeys & typeof clientProtocolKeys> & {
    readonly channels: ChannelsConfig
  }
>

const namespaceIsFree: DemoRule = ({ channels: { namespaces } }) =>
  namespaces.flatMap(({ name }, at) =>
    name === DEMO_NAMESPACE
      ? [
          {
            where: `channels.namespaces[${at}].name`,
            message: `"${name}" is the demo's where demo.enabled is true; take another name, or turn the demo off`
          }
        ]
      : []
  )

/** Pages name the channel as it is with the marks that are built in. */
const marksAreUsual: DemoRule = ({ channels: { namespaceBoundary, privatePrefix } }) => [
  ...(namespaceBoundary === ":"
    ? []
    : [{ where: "channels.namespaceBoundary", message: 'must be ":" where demo.enabled is true' }]),
  ...(DEMO_NAMESPACE.startsWith(privatePrefix)
    ? [{ where: "channels.privatePrefix", message: "must not begin demo:chat where demo.enabled is true" }]
    : [])
]

/** Visitors are nobody in particular: a token that the page brought would open to strangers all that is open to such clients. */
const visitorsMayConnect: DemoRule = ({ client }) =>
  client.insecure || client.allowAnonymousConnectWithoutToken || client.proxy.connect.enabled
    ? []
    : [
        {
          where: "demo.enabled",
          message: "needs client.allowAnonymousConnectWithoutToken: visitors of the demo have no token"
        }
      ]

export const demoRules: ReadonlyArray<DemoRule> = [namespaceIsFree, marksAreUsual, visitorsMayConnect].map(
  (rule) => (config, given) => (config.demo.enabled ? rule(config, given) : [])
)
