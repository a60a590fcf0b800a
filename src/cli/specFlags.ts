/** Flags that say what a schedule is to do, and the JSON of a request from them. */

import * as Flag from "effect/cli/Flag"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { isJsonText } from "../protocol/rawJson.ts"
import { WrongUsage } from "./failures.ts"

const text = (name: string, metavar: string, about: string) =>
  Flag.String(name).pipe(Flag.withMetavar(metavar), Flag.withDescription(about), Flag.optional)

const whole = (name: string, about: string) => Flag.Int(name).pipe(Flag.withDescription(about), Flag.optional)

export const whenFlags = {
  at: text("at", "TIME", "due once, then: 2030-01-01T09:00:00+09:00, or ms since the epoch"),
  delay: text("delay", "DURATION", 'due once, so long from now: "10 minutes", or ms'),
  every: text("every", "DURATION", "due at a fixed rate"),
  cron: text("cron", "FIELDS", 'due by cron: 5 fields, or 6 with seconds first: "0 9 * * 1-5"'),
  timeZone: text("time-zone", "ZONE", "of --cron: an IANA zone, Asia/Tokyo; UTC without it"),
  start: text("start", "TIME", "of --every and --cron: not due before"),
  end: text("end", "TIME", "of --every and --cron: due before this time only"),
  maxRuns: whole("max-runs", "runs after which it is completed")
}

export const whatFlags = {
  channels: Flag.String("channel").pipe(
    Flag.withMetavar("NAME"),
    Flag.withDescription("channel to publish into; may be given more than once"),
    Flag.atLeast(0)
  ),
  data: text("data", "JSON", "payload, published byte for byte"),
  b64data: text("b64data", "BASE64", "payload that is not JSON"),
  template: text("template", "JSON", "payload with {{due}}, {{dueMs}}, {{run}} and {{id}} in its texts"),
  tags: Flag.KeyValuePair("tag").pipe(
    Flag.withMetavar("NAME=VALUE"),
    Flag.withDescription("what subscribers may filter by; may be given more than once"),
    Flag.optional
  ),
  jitter: text("jitter", "DURATION", "each run waits up to so long after its due time"),
  minConnections: whole("min-connections", "connections without which a run sends nothing"),
  catchUp: Flag.Literals("catch-up", ["skip", "once", "all"]).pipe(
    Flag.withDescription("what becomes of due times that passed while nobody could send"),
    Flag.optional
  ),
  about: text("about", "TEXT", "what it is for")
}

/** What the flags said, by member of a request. */
export type Given = Readonly<Record<string, unknown>>

const RAW = new Set(["data", "template"])
/** Times and durations: digits alone are milliseconds. */
const NUMBERS = new Set(["at", "delay", "every", "start", "end", "jitter"])

const jsonOf = (name: string, value: unknown): string => {
  if (RAW.has(name)) return value as string
  return NUMBERS.has(name) && /^\d+$/.test(value as string) ? (value as string) : JSON.stringify(value)
}

const valueOf = (value: unknown): unknown => {
  const inner = Option.isOption(value) ? Option.getOrUndefined(value) : value
  return Array.isArray(inner) && inner.length === 0 ? undefined : inner
}

/** The JSON text of a request; payloads stand in it as they were given. */
export const bodyOf = (given: Given): Effect.Effect<string, WrongUsage> => {
  const members = Object.entries(given)
    .map(([name, value]) => [name, valueOf(value)] as const)
    .filter(([, value]) => value !== undefined)
  const broken = members.find(([name, value]) => RAW.has(name) && !isJsonText(value as string))
  if (broken !== undefined)
    return Effect.fail(
      new WrongUsage({ detail: `--${broken[0]}: expected JSON, such as '{"text":"hello"}' or '"hello"'` })
    )
  return Effect.succeed(
    `{${members.map(([name, value]) => `${JSON.stringify(name)}:${jsonOf(name, value)}`).join(",")}}`
  )
}
