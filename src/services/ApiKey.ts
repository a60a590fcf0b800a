/**
 * The key that guards `/api` and `/metrics`: from the configuration, or made at the first start and kept in the store, so that
 * nothing answers strangers by default.
 */
import { createHash, randomBytes, timingSafeEqual } from "node:crypto"
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import * as Context from "effect/Context"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import { ServerConfig } from "../config/ServerConfig.ts"

/** The store cannot be read or written. */
class StoreFailed extends Data.TaggedError("StoreFailed")<{
  readonly file: string
  readonly detail: string
}> {
  override get message(): string {
    return `the API key cannot be kept in ${this.file}: ${this.detail}`
  }
}

const sha256 = (text: string) => createHash("sha256").update(text).digest()

/** The kept key, or a new one; `isNew` when it was just made. */
const keepKey = (file: string, directory: string) =>
  Effect.try({
    try: () => {
      const kept = existsSync(file) ? readFileSync(file, "utf8").trim() : ""
      if (kept !== "") {
        chmodSync(file, 0o600)
        return { key: kept, isNew: false }
      }
      const key = randomBytes(24).toString("base64url")
      mkdirSync(directory, { recursive: true, mode: 0o700 })
      writeFileSync(file, `${key}\n`, { mode: 0o600 })
      // A file that was there keeps its own mode otherwise.
      chmodSync(file, 0o600)
      return { key, isNew: true }
    },
    catch: (error) => new StoreFailed({ file, detail: (error as Error).message })
  })

const findKey = Effect.gen(function* () {
  const { auth, store } = yield* ServerConfig
  if (auth.apiKey !== undefined) return Redacted.value(auth.apiKey)
  const file = join(store.path, "api-key")
  return yield* keepKey(file, store.path).pipe(
    Effect.tap(({ key, isNew }) =>
      Effect.logInfo(
        isNew ? `API key made, kept in ${file}; it is shown this once: ${key}` : `API key read from ${file}`
      )
    ),
    Effect.map(({ key }) => key),
    Effect.catch((failed) => {
      const key = randomBytes(24).toString("base64url")
      return Effect.as(Effect.logWarning(`${failed.message}; until the next start it is ${key}`), key)
    })
  )
})

export class ApiKey extends Context.Service<
  ApiKey,
  {
    /** Compares in constant time. */
    readonly isRight: (given: string | undefined) => boolean
  }
>()("clarion/services/ApiKey") {
  static readonly layer = Layer.effect(
    this,
    Effect.map(findKey, (key) => {
      const right = sha256(key)
      return ApiKey.of({ isRight: (given) => given !== undefined && timingSafeEqual(sha256(given), right) })
    })
  )
}
