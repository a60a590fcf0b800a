/** The dashboard and the API: where they are, and how people log in. */
import * as Duration from "effect/Duration"
import { key } from "./Keys.ts"
import * as Kind from "./Kind.ts"
import { passwordHash } from "./passwordHash.ts"

export const adminKeys = {
  "admin.ip": key(Kind.text, "127.0.0.1", "address of the admin port"),
  "admin.port": key(
    Kind.port,
    undefined,
    "port of its own for the dashboard, /api and /metrics; unset: they share server.port"
  ),
  "admin.passwordHash": key(
    passwordHash,
    undefined,
    "hash of the password of the dashboard, as `node dist/server.js hash-password` makes it; unset: the API key alone logs in"
  ),
  "admin.sessionTime": key(
    Kind.positiveDuration,
    Duration.hours(12),
    "how long one is logged in to the dashboard"
  )
}
