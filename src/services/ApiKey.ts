/**
 * The key that guards `/api`, `/metrics` and the dashboard: from the configuration, or made at the first start and kept in the store, so that
 * nothing answers strangers by default.
 */
import { hkdfSync, randomBytes } from "node:crypto"
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import * as Context from "effect/Context"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import { ServerConfig } from "../config/ServerConfig.ts"
import { isSecret } from "./isSecret.ts"

/** The store cannot be read or written. */
class StoreFailed extends Data.TaggedError("StoreFailed")<{
  readonly file: string
  readonly detail: string
}> {
  override get message(): string {
    return `the API key cannot be kept in ${this.file}: ${this.detail}`
  }
}

/** Makes it this user's alone. What is wrong where it cannot be: the file is of another user, or the disk is read-only. */
const restrict = (file: string): string | undefined => {
  try {
    chmodSync(file, 0o600)
    return undefined
  } catch (error) {
    return (error as Error).message
  }
}

/** The kept key, or a new one; `isNew` when it was just made. `problem`: others may be able to read it. */
const keepKey = (file: string, directory: string) =>
  Effect.try({
    try: () => {
      const kept = existsSync(file) ? readFileSync(file, "utf8").trim() : ""
      if (kept !== "") return { key: kept, isNew: false, problem: restrict(file) }
      const key = randomBytes(24).toString("base64url")
      mkdirSync(directory, { recursive: true, mode: 0o700 })
      writeFileSync(file, `${key}\n`, { mode: 0o600 })
      // A file that was there keeps its own mode otherwise.
      return { key, isNew: true, problem: restrict(file) }
    },
    catch: (error) => new StoreFailed({ file, detail: (error as Error).message })
  })

const findKey = Effect.gen(function* () {
  const { auth, store } = yield* ServerConfig
  if (auth.apiKey !== undefined) return { key: Redacted.value(auth.apiKey), isNew: false }
  const file = join(store.path, "api-key")
  return yield* keepKey(file, store.path).pipe(
    Effect.tap(({ key, isNew }) =>
      Effect.logInfo(
        isNew ? `API key made, kept in ${file}; it is shown this once: ${key}` : `API key read from ${file}`
      )
    ),
    Effect.tap(({ problem }) =>
      problem === undefined
        ? Effect.void
        : Effect.logWarning(`the API key in ${file} cannot be kept from other users: ${problem}`)
    ),
    Effect.catch((failed) => {
      const key = randomBytes(24).toString("base64url")
      return Effect.as(Effect.logWarning(`${failed.message}; until the next start it is ${key}`), {
        key,
        isNew: true
      })
    })
  )
})

export class ApiKey extends Context.Service<
  ApiKey,
  {
    /** Compares in constant time. */
    readonly isRight: (given: string | undefined) => boolean
    /** The key where it was made at this start: it is shown this once. */
    readonly madeNow: string | undefined
    /** 32 bytes for one purpose, the same as long as the key is; nothing of the key can be told from them (HKDF, RFC 5869). */
    readonly derive: (purpose: string) => Buffer
  }
>()("clarion/services/ApiKey") {
  static readonly layer = Layer.effect(
    this,
    Effect.map(findKey, ({ key, isNew }) =>
      ApiKey.of({
        isRight: isSecret(key),
        madeNow: isNew ? key : undefined,
        derive: (purpose) => Buffer.from(hkdfSync("sha256", key, "", `clarion ${purpose}`, 32))
      })
    )
  )
}
