// Prints docs/errors.md from the tables of codes: node scripts/errors-docs.mjs > docs/errors.md
import { CloseReasons } from "../dist/protocol/closeCodes.js"
import { ErrorCodes, isReconnectCode, UnsubscribeCodes } from "../dist/protocol/codes.js"

const table = (head, rows) =>
  [
    `| ${head.join(" | ")} |`,
    `|${"---|".repeat(head.length)}`,
    ...rows.map((row) => `| ${row.join(" | ")} |`)
  ].join("\n")
const yes = (is) => (is ? "yes" : "no")

console.log(`# Codes

Made by \`scripts/errors-docs.mjs\` from \`src/protocol/codes.ts\` and \`src/protocol/closeCodes.ts\`. The numbers are those of the Centrifugo
client protocol, so that its SDKs do the right thing by themselves.

## Errors of commands

The reply to a command that failed: \`{"id":1,"error":{"code":103,"message":"permission denied"}}\`. The server API answers with the same codes.
SDKs try again where an error is temporary, and after 109 with a new token. Backends and hooks may answer with codes 400–1999 of their own.

${table(
  ["code", "message", "temporary", "when"],
  Object.values(ErrorCodes).map(({ code, message, isTemporary, about }) => [
    code,
    message,
    yes(isTemporary),
    about
  ])
)}

## Ends of subscriptions

A push: \`{"push":{"channel":"news","unsubscribe":{"code":2500,"reason":"insufficient state"}}}\`. From 2500 on SDKs subscribe again by themselves.

${table(
  ["code", "reason", "resubscribes", "when"],
  Object.values(UnsubscribeCodes).map(({ code, reason, about }) => [code, reason, yes(code >= 2500), about])
)}

## Ends of connections

The close code and reason of a WebSocket. Streams get a last push \`{"disconnect":{"code":3001,"reason":"shutdown"}}\` instead. Backends and the
server API may close with codes 4000–4999 of their own; clients reconnect below 4500.

${table(
  ["code", "reason", "reconnects", "when"],
  Object.values(CloseReasons).map(({ code, reason, about }) => [
    code,
    reason,
    yes(isReconnectCode(code)),
    about
  ])
)}`)
