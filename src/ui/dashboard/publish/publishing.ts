/** Publishing, by the server API. */
import { command } from "../session/ask.ts"
import { type ChannelAnswer, nameHint, publishBody, refusalsOf } from "./publication.ts"

/** Error code: `ErrorCodes` of the protocol. */
const BAD_REQUEST = 107

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
  const answer = await command<{ receipt?: string; responses?: ReadonlyArray<ChannelAnswer> }>(
    channels.length === 1 ? "publish" : "broadcast",
    publishBody(channels, json)
  )
  if (!answer.isOk)
    return { problem: `${answer.problem}${answer.code === BAD_REQUEST ? nameHint(channels) : ""}` }
  const { receipt, responses = [] } = answer.result
  return { receipt, refusals: refusalsOf(channels, responses), channels: channels.length }
}
