/** The address of the dashboard, for the log at start. */
import * as Effect from "effect/Effect"
import type { ServerConfigValue } from "../../config/ServerConfig.ts"
import { ApiKey } from "../ApiKey.ts"

/** An address to look at in a browser of this machine, of one to listen on. */
const hostOf = (ip: string): string => {
  if (ip === "0.0.0.0" || ip === "::") return "localhost"
  return ip.includes(":") ? `[${ip}]` : ip
}

/**
 * With the API key behind the "#" where it was made at this start, and so is shown this once: browsers send nothing of that, and the page takes
 * it out of the address as soon as it has logged in.
 *
 * @param port of the server, or of the API where that has one of its own
 */
export const startLink = ({ server, admin }: ServerConfigValue, port: number) =>
  Effect.map(ApiKey, ({ madeNow }) => {
    const scheme = server.tls.cert === undefined ? "http" : "https"
    const host = hostOf(admin.port === undefined ? server.ip : admin.ip)
    return `${scheme}://${host}:${port}/${madeNow === undefined ? "" : `#key=${encodeURIComponent(madeNow)}`}`
  })
