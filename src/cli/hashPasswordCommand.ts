/** `hash-password`: asks for a password, or reads it from its input, and prints its hash. */
import * as Console from "effect/Console"
import * as Command from "effect/cli/Command"
import * as Effect from "effect/Effect"
import { hashPassword } from "../config/passwordHash.ts"
import { WrongUsage } from "./failures.ts"
import { askHidden, readAll } from "./hidden.ts"

/** Characters; what is shorter is guessed sooner or later, however slowly. */
const MIN_LENGTH = 8
/** As many as the server takes when somebody logs in. */
const MAX_LENGTH = 1024

const wrong = (detail: string) => Effect.fail(new WrongUsage({ detail }))

/** Twice, because nobody sees what is typed. */
const asked = Effect.gen(function* () {
  const password = yield* askHidden("Password of the dashboard: ")
  if (password !== (yield* askHidden("The same again: ")))
    return yield* wrong("these are two different passwords")
  return password
})

/** The end of a line is not a part of it. */
const given = Effect.map(readAll(4 * MAX_LENGTH), (text) => text?.replace(/\r?\n$/, ""))

export const hashPasswordCommand = Command.make(
  "hash-password",
  {},
  Effect.fnUntraced(function* () {
    const password = yield* process.stdin.isTTY ? asked : given
    if (password === undefined || password.length > MAX_LENGTH)
      return yield* wrong(`a password has at most ${MAX_LENGTH} characters`)
    if (/[\r\n]/.test(password)) return yield* wrong("a password is one line")
    if (password.length < MIN_LENGTH)
      return yield* wrong(`a password has at least ${MIN_LENGTH} characters, and this one ${password.length}`)
    yield* Console.log(yield* Effect.promise(() => hashPassword(password)))
  })
).pipe(
  Command.withDescription(
    "Prints the hash of a password (scrypt), for admin.passwordHash in the server's configuration or CLARION_ADMIN_PASSWORD_HASH in its " +
      "environment. On a terminal it asks for the password, and shows nothing of it; else it reads it from its input."
  ),
  Command.withExamples([
    { command: "hash-password", description: "asks" },
    { command: "hash-password < password.txt", description: "reads" }
  ])
)
