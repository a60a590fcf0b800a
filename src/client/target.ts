/**
 * Where the load client connects to: `server.uri` taken apart, and its name looked up once for the whole run, not
 * once per connection.
 */
import { lookup } from "node:dns/promises"
import { isIP } from "node:net"
import { fromSystemError, type SocketError } from "./SocketError.ts"

export interface Target {
  readonly secure: boolean
  /** The name or address of the URI, without the brackets of IPv6. */
  readonly hostname: string
  /** What the Host header says. */
  readonly host: string
  readonly port: number
  /** Path and query. */
  readonly path: string
}

/** A target with the IP address that connections go to. */
export interface ResolvedTarget extends Target {
  readonly address: string
}

/** What is wrong with a URI. */
export interface BadUri {
  readonly kind: "badUri"
  readonly uri: string
  readonly message: string
}

const bad = (uri: string, message: string): BadUri => ({ kind: "badUri", uri, message })

/** Takes a `ws://` or `wss://` URI apart. @param path where it has none */
export const parseTarget = (uri: string, path = "/"): Target | BadUri => {
  if (!URL.canParse(uri)) return bad(uri, "expected a URI such as ws://localhost:8088")
  const url = new URL(uri)
  const secure = url.protocol === "wss:"
  if (!secure && url.protocol !== "ws:") return bad(uri, "expected a URI that starts with ws:// or wss://")
  if (url.hash !== "") return bad(uri, "expected a WebSocket URI, which has no fragment")
  const port = url.port === "" ? (secure ? 443 : 80) : Number(url.port)
  if (port === 0) return bad(uri, "expected a port from 1 to 65535")
  return {
    secure,
    hostname: url.hostname.replace(/^\[(.*)\]$/, "$1"),
    host: url.host,
    port,
    path: (url.pathname === "/" ? path : url.pathname) + url.search
  }
}

/** Looks the host name up (IPv4 first, as local addresses are IPv4). Never rejects. */
export const resolveTarget = async (target: Target): Promise<ResolvedTarget | SocketError> => {
  if (isIP(target.hostname) !== 0) return { ...target, address: target.hostname }
  try {
    const found = await lookup(target.hostname, { all: true })
    const best = found.find(({ family }) => family === 4) ?? found[0]
    if (best !== undefined) return { ...target, address: best.address }
    return { kind: "nameNotFound", message: `${target.hostname} has no address` }
  } catch (error) {
    return fromSystemError(error as NodeJS.ErrnoException, false)
  }
}
