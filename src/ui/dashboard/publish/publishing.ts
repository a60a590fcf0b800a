/** Publishing, by the server API. */
import { command } from "../session/ask.ts"
import { bodyOf, type One, refusalsOf } from "./publication.ts"

export interface Published {
  /** Undefined where nothing was published. */
  readonly receipt: string | undefined
  /** Of channels that refused it. */
  readonly refusals: ReadonlyArray<string>
  readonly channels: number
}

export const publish = async (
  channels: ReadonlyArray<string>,
  json: string
): Promise<Published | { readonly problem: string }> => {
  const answer = await command<{ receipt?: string; responses?: ReadonlyArray<One> }>(
    channels.length === 1 ? "publish" : "broadcast",
    bodyOf(channels, json)
  )
  if (!answer.isOk) return { problem: answer.problem }
  const { receipt, responses = [] } = answer.result
  return { receipt, refusals: refusalsOf(channels, responses), channels: channels.length }
}
