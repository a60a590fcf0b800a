/** What the client publishes, and what the server API says to it. */
import * as Predicate from "effect/Predicate"

const ENDING = '"}'

/**
 * The data of a publication as JSON text.
 * @param sequence its number from 1; undefined for a bare stamp, as a raw broadcast is
 * @param bytes filled up to so many
 */
export const publicationData = (
  stamp: number,
  sequence: number | undefined,
  bytes: number | undefined
): string => {
  if (sequence === undefined && bytes === undefined) return String(stamp)
  const plain = `{"stamp":${stamp}${sequence === undefined ? "" : `,"seq":${sequence}`}`
  if (bytes === undefined) return `${plain}}`
  const start = `${plain},"fill":"`
  return start + "x".repeat(Math.max(0, bytes - start.length - ENDING.length)) + ENDING
}

/** The body of a request to `/api/batch`. */
export const batchBody = (channel: string, data: ReadonlyArray<string>): Buffer => {
  const name = JSON.stringify(channel)
  return Buffer.from(
    `{"commands":[${data.map((each) => `{"publish":{"channel":${name},"data":${each}}}`).join(",")}]}`
  )
}

export type BatchAnswer =
  | { readonly accepted: number; readonly problem?: string }
  /** Nothing was published, and would not be the next time. */
  | { readonly refused: string }

/** Reads the answer to a batch of `count`. */
export const batchAnswer = (status: number, body: Buffer, count: number): BatchAnswer => {
  if (status === 401 || status === 403)
    return { refused: `publish.apiKey is not the server's (HTTP ${status})` }
  if (status === 404 || status === 405) return { refused: `there is no server API (HTTP ${status})` }
  const replies = status === 200 ? repliesOf(body) : undefined
  if (replies === undefined)
    return {
      accepted: 0,
      problem: `the server API answered with HTTP ${status}: ${body.toString("utf8", 0, 100)}`
    }
  const problems = replies.flatMap((reply) =>
    Predicate.hasProperty(reply, "error") ? [JSON.stringify(reply.error)] : []
  )
  const accepted = Math.min(count, replies.length) - problems.length
  return problems.length === 0
    ? { accepted }
    : { accepted, problem: `the server API answered with ${problems[0]}` }
}

const repliesOf = (body: Buffer): ReadonlyArray<unknown> | undefined => {
  try {
    const answer: unknown = JSON.parse(body.toString())
    return Predicate.hasProperty(answer, "replies") && Array.isArray(answer.replies)
      ? answer.replies
      : undefined
  } catch {
    return undefined
  }
}
