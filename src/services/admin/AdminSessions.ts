/**
 * Who is logged in. Sessions are in memory, so that a request with a cookie waits for nobody, and in the store, so that they outlive a restart:
 * there only as the hash of their id.
 *
 * A session ends at its time, when one logs out, and when what one logged in with is changed.
 */
import { createHash, randomBytes } from "node:crypto"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import { ServerConfig } from "../../config/ServerConfig.ts"
import { ApiKey } from "../ApiKey.ts"
import { Store, type Write } from "../store/Store.ts"

/** Sessions at once; of more, the oldest ends. */
export const MAX_SESSIONS = 1000

const TABLE = "admin-sessions"

/** What one logged in with. */
export type Means = "password" | "apiKey"

export interface AdminSession {
  /** Milliseconds since the epoch. */
  readonly expiresAt: number
  /** What the page says to show that a request is its own. */
  readonly csrf: string
  /** What its pages' connections are known by; it opens nothing. */
  readonly login: string
}

/** As it is kept. */
interface Kept {
  readonly expiresAt: number
  /** What tells the password or key that it was made with from another one. */
  readonly means: string
}

const isKept = (value: unknown): value is Kept =>
  typeof value === "object" &&
  value !== null &&
  typeof (value as Kept).expiresAt === "number" &&
  typeof (value as Kept).means === "string"

/** Where ids are kept as hashes, who reads the store can log in with nothing that is there. */
const hashOf = (id: string): string => createHash("sha256").update(id).digest("base64url")

const make = Effect.gen(function* () {
  const { admin } = yield* ServerConfig
  const { derive } = yield* ApiKey
  const store = yield* Store
  const clock = yield* Clock.clockWith(Effect.succeed)
  const means: Readonly<Record<Means, string | undefined>> = {
    apiKey: derive("sessions").toString("base64url"),
    password: admin.passwordHash && hashOf(Redacted.value(admin.passwordHash))
  }
  /** By the hash of the id, oldest first. */
  const sessions = new Map<string, Kept>()

  const isGood = ({ expiresAt, means: made }: Kept): boolean =>
    expiresAt > clock.currentTimeMillisUnsafe() && (made === means.apiKey || made === means.password)

  const commit = (writes: ReadonlyArray<Write>) =>
    writes.length === 0
      ? Effect.void
      : Effect.catch(store.commit(writes), ({ message }) =>
          Effect.logWarning(`sessions of the dashboard will not outlive this process: ${message}`)
        )
  const removal = (hash: string): Write => ({ table: TABLE, key: [hash] })

  /** Removes those that are over, and the oldest of too many. */
  const tidied = (): ReadonlyArray<Write> => {
    const over: Array<Write> = []
    for (const [hash, session] of sessions)
      if (!isGood(session) || sessions.size > MAX_SESSIONS) {
        sessions.delete(hash)
        over.push(removal(hash))
      }
    return over
  }

  const kept = yield* Effect.catch(store.range(TABLE, {}), ({ message }) =>
    Effect.as(Effect.logWarning(`sessions of the dashboard cannot be read: ${message}`), [])
  )
  const found = kept.flatMap(([[hash], value]) =>
    typeof hash === "string" && isKept(value) ? [[hash, value] as const] : []
  )
  for (const [hash, session] of found.sort(([, a], [, b]) => a.expiresAt - b.expiresAt))
    sessions.set(hash, session)
  yield* commit(tidied())

  // Who knows these does not know the id, which no page can read.
  const sessionOf = (id: string, { expiresAt }: Kept): AdminSession => ({
    expiresAt,
    csrf: hashOf(`csrf of ${id}`),
    login: hashOf(`pages of ${id}`)
  })

  return AdminSessions.of({
    open: Effect.fnUntraced(function* (by) {
      const id = randomBytes(32).toString("base64url")
      const hash = hashOf(id)
      const expiresAt = clock.currentTimeMillisUnsafe() + Duration.toMillis(admin.sessionTime)
      const session: Kept = { expiresAt, means: means[by] ?? "" }
      sessions.set(hash, session)
      yield* commit([...tidied(), { table: TABLE, key: [hash], value: session }])
      return { id, session: sessionOf(id, session) }
    }),
    find: (id) => {
      const session = sessions.get(hashOf(id))
      return session !== undefined && isGood(session) ? sessionOf(id, session) : undefined
    },
    close: (id) =>
      Effect.suspend(() => {
        const hash = hashOf(id)
        return sessions.delete(hash) ? commit([removal(hash)]) : Effect.void
      })
  })
})

export class AdminSessions extends Context.Service<
  AdminSessions,
  {
    /** Logs in; the id is for the cookie, and nowhere else to be found again. */
    readonly open: (by: Means) => Effect.Effect<{ readonly id: string; readonly session: AdminSession }>
    /** Undefined where there is none, or none any more. */
    readonly find: (id: string) => AdminSession | undefined
    readonly close: (id: string) => Effect.Effect<void>
  }
>()("clarion/services/admin/AdminSessions") {
  static readonly layer = Layer.effect(this, make)
}
