/** Bodies of requests to the dashboard's own paths: JSON of one shape, and told so in their header. */
import type * as Option from "effect/Option"
import type { PlainAnswer, PlainRequest } from "../Transport.ts"
import type { Refuse } from "./refused.ts"

/** Bytes of what is sent to these paths. */
const MAX_BODY = 8192

/** Forms of other sites cannot have this content type. */
const isJson = ({ headers }: PlainRequest): boolean =>
  /^application\/json\s*(;|$)/i.test(headers.get("content-type") ?? "")

const parsed = (body: Buffer): unknown => {
  try {
    return JSON.parse(body.toString())
  } catch {
    return undefined
  }
}

/**
 * What the body says, or the answer that it gets instead.
 *
 * @param shape the body in words
 */
export const readBody = <A extends object>(
  request: PlainRequest,
  refuse: Refuse,
  decode: (value: unknown) => Option.Option<A>,
  shape: string
): { readonly value: A } | PlainAnswer => {
  if (request.body.length > MAX_BODY)
    return refuse(413, "malformed", `a body here has at most ${MAX_BODY} bytes`)
  if (!isJson(request))
    return refuse(415, "malformed", "the body has to be JSON, with the content type application/json")
  const value = parsed(request.body)
  if (value === undefined) return refuse(400, "malformed", "the body is not JSON")
  const decoded = decode(value)
  return decoded._tag === "Some"
    ? { value: decoded.value }
    : refuse(400, "malformed", `the body has to be ${shape}`)
}
