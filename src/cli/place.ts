/** Where the server is, and the key to its API: as the flags say, else as the server's own configuration does. */
import { existsSync, readFileSync } from "node:fs"
import { join } from "node:path"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import { clientKeys } from "../config/ClientConfig.ts"
import { type ConfigInvalid, resolve } from "../config/resolve.ts"
import { type ServerConfigValue, serverKeys, serverRules } from "../config/ServerConfig.ts"
import { fromEnvironment, fromFile } from "../config/sources.ts"
import { WrongUsage } from "./failures.ts"

export interface Place {
  /** "http://127.0.0.1:8088" */
  readonly url: string
  /** Undefined: none was found. */
  readonly key: string | undefined
}

export interface PlaceFlags {
  readonly url: Option.Option<string>
  readonly apiKey: Option.Option<string>
  readonly config: Option.Option<string>
}

/** An address to connect to, of one to listen on. */
const reachable = (ip: string): string => {
  if (ip === "0.0.0.0") return "127.0.0.1"
  if (ip === "::") return "[::1]"
  return ip.includes(":") ? `[${ip}]` : ip
}

const urlOf = ({ server, admin }: ServerConfigValue): Effect.Effect<string, WrongUsage> => {
  const [ip, port] = admin.port === undefined ? [server.ip, server.port] : [admin.ip, admin.port]
  if (port === 0)
    return Effect.fail(
      new WrongUsage({ detail: "the configuration leaves the port to the system: say --url" })
    )
  const scheme = server.tls.cert === undefined ? "http" : "https"
  return Effect.succeed(`${scheme}://${reachable(ip)}:${port}`)
}

const keyOf = ({ auth, store }: ServerConfigValue): Effect.Effect<string | undefined, WrongUsage> => {
  if (auth.apiKey !== undefined) return Effect.succeed(Redacted.value(auth.apiKey))
  const file = join(store.path, "api-key")
  return Effect.try({
    try: () => (existsSync(file) ? readFileSync(file, "utf8").trim() : undefined),
    catch: (error) =>
      new WrongUsage({ detail: `the API key cannot be read from ${file}: ${(error as Error).message}` })
  })
}

const configOf = (file: Option.Option<string>): Effect.Effect<ServerConfigValue, ConfigInvalid> =>
  Effect.suspend(() => {
    const files = Option.isNone(file) ? [] : [fromFile(serverKeys, file.value)]
    const environment = fromEnvironment(serverKeys, process.env, clientKeys)
    return Effect.fromResult(resolve(serverKeys, [...files, environment], serverRules))
  })

const checkedUrl = (text: string): Effect.Effect<string, WrongUsage> =>
  URL.canParse(text) && /^https?:$/.test(new URL(text).protocol)
    ? Effect.succeed(text.replace(/\/+$/, ""))
    : Effect.fail(new WrongUsage({ detail: `--url: expected http://… or https://…, found ${text}` }))

/** The configuration is read only where the flags do not say all. */
export const findPlace = Effect.fnUntraced(function* ({ url, apiKey, config }: PlaceFlags) {
  if (Option.isSome(url) && Option.isSome(apiKey))
    return { url: yield* checkedUrl(url.value), key: apiKey.value } satisfies Place
  const value = yield* configOf(config)
  const place: Place = {
    url: Option.isSome(url) ? yield* checkedUrl(url.value) : yield* urlOf(value),
    key: Option.isSome(apiKey) ? apiKey.value : yield* keyOf(value)
  }
  return place
})
