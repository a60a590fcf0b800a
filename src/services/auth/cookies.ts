/** Tokens in cookies. */
import { parseHeader } from "effect/http/Cookies"

/** The value of a cookie in a `Cookie` header; undefined where there is none, or nothing in it. Of several the first counts. */
export const cookieValue = (header: string | undefined, name: string): string | undefined => {
  if (header === undefined) return undefined
  const cookies = parseHeader(header)
  return (Object.hasOwn(cookies, name) && cookies[name]) || undefined
}
