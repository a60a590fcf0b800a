/**
 * `POST /api/batch`: many commands in one request. A body that cannot be decoded runs none of them; a command that cannot be run is an error in
 * its place, and the others run.
 *
 * HOT PATH: 100,000 publications a second.
 */
import * as Effect from "effect/Effect"
import { ErrorCodes } from "../../protocol/codes.ts"
import { decodeBatch } from "./decode.ts"
import { inTurns } from "./inTurns.ts"
import type { Command, Methods } from "./methods.ts"
import { errorJson, isError, type Outcome } from "./outcome.ts"
import { type BatchEnvelope, type MethodName, requests } from "./requests.ts"

const METHODS = Object.keys(requests) as ReadonlyArray<MethodName>

interface Planned {
  readonly method: MethodName | undefined
  readonly command: Command
}

const UNKNOWN: Planned = { method: undefined, command: Effect.succeed(ErrorCodes.methodNotFound) }

/** The command of each entry; undefined where one cannot be decoded. */
const plan = (methods: Methods, { commands }: BatchEnvelope): ReadonlyArray<Planned> | undefined => {
  const planned: Array<Planned> = []
  for (const entry of commands) {
    const method = METHODS.find((name) => entry[name] !== undefined)
    if (method === undefined) planned.push(UNKNOWN)
    else {
      const command = methods.command(method, entry[method])
      if (command === "undecodable") return undefined
      planned.push({ method, command })
    }
  }
  return planned
}

const replyJson = (method: MethodName | undefined, outcome: Outcome): string =>
  isError(outcome) ? `{"error":${errorJson(outcome)}}` : `{"${method}":${outcome}}`

/** The command that the value of a batch means. Its outcome is the whole answer, without `result` around it. */
export const batchCommand = (methods: Methods, value: unknown): Command | "undecodable" => {
  const batch = decodeBatch(value)
  if (batch === "undecodable") return batch
  if (batch === "invalid") return Effect.succeed(ErrorCodes.badRequest)
  const planned = plan(methods, batch)
  if (planned === undefined) return "undecodable"
  const replies = inTurns(
    planned,
    ({ method, command }) => Effect.map(command, (outcome) => replyJson(method, outcome)),
    batch.parallel === true
  )
  return Effect.map(replies, (all) => `{"replies":[${all.join(",")}]}`)
}
