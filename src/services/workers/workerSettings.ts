/** What a worker has to know of the configuration. */
import { transferable } from "../../config/resolve.ts"
import { type ServerConfigValue, serverKeys } from "../../config/ServerConfig.ts"

interface Settings {
  readonly server: object
  readonly admin?: unknown
  readonly auth?: unknown
  readonly webhooks?: unknown
  readonly tracing?: unknown
}

/**
 * As a configuration file would hold it: with the secrets of tokens and of the application's backend; without those that the primary alone has a
 * use for: the API key, the hash of the password, and those that go with webhooks and traces. To be sent over the link to a worker, and nowhere
 * else.
 *
 * @param transport the one that was chosen
 */
export const workerSettings = (config: ServerConfigValue, transport: "uws" | "ws"): object => {
  const whole = transferable(serverKeys, config) as Settings
  const { admin: _, auth: __, webhooks: ___, tracing: ____, ...settings } = whole
  return { ...settings, server: { ...settings.server, transport } }
}
