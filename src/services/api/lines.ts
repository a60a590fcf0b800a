/**
 * `POST /api`, the older form: commands one behind the other, `{"id"?, "method", "params"}`, and an answer to each in a line of its own. What
 * is wrong with the params of one is its own error; a body with anything else than such objects runs none of them.
 */
import * as Effect from "effect/Effect"
import { ErrorCodes } from "../../protocol/codes.ts"
import { concatenated } from "../../protocol/rawJson.ts"
import { decodeLine, isUnusable } from "./decode.ts"
import { inTurns } from "./inTurns.ts"
import { type Command, isMethodName, type Methods, shapes } from "./methods.ts"
import { errorJson, isError, type Outcome } from "./outcome.ts"
import { readJson, shapeOf } from "./readJson.ts"
import { LineCommand, MAX_COMMANDS } from "./requests.ts"

const LINE = shapeOf(LineCommand)

const failed = (error: Outcome): Command => Effect.succeed(error)

const commandOf = (methods: Methods, { method = "", params }: LineCommand): Command => {
  if (!isMethodName(method)) return failed(ErrorCodes.methodNotFound)
  const value = params === undefined ? {} : readJson(String(params), shapes[method])
  const command = methods.command(method, value)
  return command === "undecodable" ? failed(ErrorCodes.badRequest) : command
}

const lineJson = (id: number | undefined, outcome: Outcome): string => {
  const what = isError(outcome) ? `"error":${errorJson(outcome)}` : `"result":${outcome}`
  return id === undefined || id === 0 ? `{${what}}` : `{"id":${id},${what}}`
}

/** Runs them in their order; the text of the answer. Undefined where the body cannot be decoded. */
export const linesAnswer = (methods: Methods, body: string): Effect.Effect<string> | undefined => {
  const texts = concatenated(body)
  if (texts === undefined || texts.length === 0 || texts.length > MAX_COMMANDS) return undefined
  const lines: Array<LineCommand> = []
  for (const text of texts) {
    const line = decodeLine(readJson(text, LINE))
    if (isUnusable(line)) return undefined
    lines.push(line)
  }
  const answers = inTurns(
    lines,
    (line) => Effect.map(commandOf(methods, line), (outcome) => lineJson(line.id, outcome)),
    false
  )
  return Effect.map(answers, (all) => all.join("\n"))
}
