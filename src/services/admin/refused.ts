/** JSON answers of the dashboard's own paths, and those that refuse. */
import type { Refused } from "../../protocol/dashboard.ts"
import type { AnswerHeaders, PlainAnswer } from "../Transport.ts"

/** What is said to one of those who are logged in is for nobody else, and good for now. */
const JSON_HEADERS: AnswerHeaders = [
  ["content-type", "application/json"],
  ["cache-control", "no-store"],
  ["x-content-type-options", "nosniff"]
]

export const jsonText = (status: number, body: string, headers: AnswerHeaders = []): PlainAnswer => ({
  status,
  headers: [...JSON_HEADERS, ...headers],
  body
})

export const json = (status: number, value: unknown, headers?: AnswerHeaders): PlainAnswer =>
  jsonText(status, JSON.stringify(value), headers)

/** @param hasPassword whether there is a password to log in with */
export const makeRefusals =
  (hasPassword: boolean) =>
  (status: number, error: Refused["error"], message: string, headers: AnswerHeaders = []): PlainAnswer =>
    json(status, { error, message, hasPassword } satisfies Refused, headers)

export type Refuse = ReturnType<typeof makeRefusals>
