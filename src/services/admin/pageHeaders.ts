/** What browsers are told with a page: to load and ask nothing but this server, and to let no other page near it. */
import type { AnswerHeaders, PlainRequest } from "../Transport.ts"
import { isSecure } from "./isSecure.ts"

const common: AnswerHeaders = [
  ["x-content-type-options", "nosniff"],
  ["cross-origin-resource-policy", "same-origin"]
]

/** With files whose name changes with what is in them. */
export const partHeaders: AnswerHeaders = [
  ["cache-control", "public, max-age=31536000, immutable"],
  ...common
]

/** A name or address and maybe a port, and nothing that could end a policy and begin another. */
const HOST = /^[\w.-]+(:\d+)?$|^\[[\da-f:.]+\](:\d+)?$/i

/** Where WebSockets of the page go. Some browsers do not count them as 'self', though they go to the same host. */
const ownWebSockets = (request: PlainRequest, hasTls: boolean): string => {
  const host = request.headers.get("host") ?? ""
  return HOST.test(host) ? ` ${isSecure(hasTls, request) ? "wss" : "ws"}://${host}` : ""
}

const contentSecurityPolicy = (request: PlainRequest, hasTls: boolean): string =>
  [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self' data:",
    "font-src 'self'",
    `connect-src 'self'${ownWebSockets(request, hasTls)}`,
    "manifest-src 'self'",
    "form-action 'none'",
    "base-uri 'none'",
    "frame-ancestors 'none'"
  ].join("; ")

/** Features of browsers that no page of ours has a use for. */
const PERMISSIONS = ["camera", "display-capture", "geolocation", "microphone", "payment", "usb"]
  .map((feature) => `${feature}=()`)
  .join(", ")

/** With a page. */
export const pageHeaders = (request: PlainRequest, hasTls: boolean): AnswerHeaders => [
  ["cache-control", "no-cache"],
  ["content-security-policy", contentSecurityPolicy(request, hasTls)],
  ["referrer-policy", "no-referrer"],
  ["cross-origin-opener-policy", "same-origin"],
  ["permissions-policy", PERMISSIONS],
  ["x-frame-options", "DENY"],
  ...common
]
