/** Whether somebody is who may log in: compared one at a time, and not too often. */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import * as Semaphore from "effect/Semaphore"
import { isPassword, readPasswordHash } from "../../config/passwordHash.ts"
import { ServerConfig } from "../../config/ServerConfig.ts"
import type { LogIn } from "../../protocol/dashboard.ts"
import { ApiKey } from "../ApiKey.ts"
import type { Means } from "./AdminSessions.ts"
import { LogInAttempts } from "./LogInAttempts.ts"

/** What somebody who wants to log in is told. */
export type Verdict =
  | { readonly _tag: "Right"; readonly by: Means }
  | { readonly _tag: "Wrong"; readonly by: Means }
  /** There is no password to log in with. */
  | { readonly _tag: "NoPassword" }
  | { readonly _tag: "TooMany"; readonly retryAfterMs: number }

export const makeLogIn = Effect.gen(function* () {
  const { admin } = yield* ServerConfig
  const key = yield* ApiKey
  const hash = admin.passwordHash && Result.getOrThrow(readPasswordHash(Redacted.value(admin.passwordHash)))
  const attempts = new LogInAttempts()
  // A comparison takes 32 MiB and a core for a while: many at once would be felt by everyone.
  const oneAtATime = (yield* Semaphore.make(1)).withPermits(1)
  const isRight = (password: string) => oneAtATime(Effect.promise(() => isPassword(password, hash!)))

  return Effect.fnUntraced(function* (given: LogIn, address: string): Effect.fn.Return<Verdict> {
    const by = "apiKey" in given ? "apiKey" : "password"
    if (by === "password" && hash === undefined) return { _tag: "NoPassword" }
    // Nobody can guess it, and `/api` may be asked as often: who has it is not kept out by strangers who try.
    if ("apiKey" in given && key.isRight(given.apiKey)) return { _tag: "Right", by }
    const retryAfterMs = attempts.begin(address, yield* Clock.currentTimeMillis)
    if (retryAfterMs > 0) return { _tag: "TooMany", retryAfterMs }
    if ("apiKey" in given || !(yield* isRight(given.password))) return { _tag: "Wrong", by }
    attempts.succeeded(address)
    return { _tag: "Right", by }
  })
})
