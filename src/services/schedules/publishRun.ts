/** Publishes a run into the channels of its schedule, and says how it ended. */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Result from "effect/Result"
import * as EffectSchedule from "effect/Schedule"
import { Broker, BrokerUnavailable, type StreamOptions } from "../broker/Broker.ts"
import { Channels, isErrorCode } from "../channels/Channels.ts"
import { dataProblem } from "../channels/dataProblem.ts"
import { streamOptions } from "../channels/streams.ts"
import { Receipts } from "../receipts/Receipts.ts"
import type { Ending } from "./firing.ts"
import type { Payload, Run, Schedule } from "./Schedule.ts"
import { parseTemplate, render } from "./template.ts"

/** Publications of one run that are under way at once. */
const CHANNELS_AT_ONCE = 64
/** Time for the broker to answer. */
const ANSWER_TIMEOUT = Duration.seconds(5)
/** Attempts of one publication, and the time between them: 0.1, 0.2, 0.4, 0.8 s. A run is over in half a minute, whatever the broker does. */
export const ATTEMPTS = 5
const backoff = EffectSchedule.exponential("100 millis").pipe(EffectSchedule.upTo({ times: ATTEMPTS - 1 }))
/** Channels that the detail of a run names. */
const NAMED = 3
/** How long brokers know idempotency keys at least, in ms. */
const KEYS_KNOWN_MS = 5 * 60_000

/** Known to the broker, so that a run that is published again is published once. */
export const keyOf = ({ id, schedule, due, isAsked }: Run): string =>
  isAsked ? `run:${id}` : `schedule:${schedule}:${due}`

const bytesOf = (payload: Payload, run: Run): Uint8Array | undefined =>
  payload.kind === "data"
    ? payload.data
    : Result.getOrUndefined(
        Result.map(parseTemplate(payload.text), (template) =>
          render(template, { due: run.due, run: run.number, id: run.id })
        )
      )

const NO_ANSWER = Effect.fail(new BrokerUnavailable({ detail: "it does not answer" }))

/** What the broker answers, if it does in time. Most answer at once, and cost no timer. */
const answered = Effect.fnUntraced(function* <A>(asking: Effect.Effect<A, BrokerUnavailable>) {
  const fiber = yield* Effect.forkChild(asking, { startImmediately: true })
  if (fiber.pollUnsafe() !== undefined) return yield* Fiber.join(fiber)
  return yield* Effect.timeoutOrElse(Fiber.join(fiber), {
    duration: ANSWER_TIMEOUT,
    orElse: () =>
      Effect.andThen(
        Effect.sync(() => fiber.interruptUnsafe()),
        NO_ANSWER
      )
  })
})

/** Why a channel got nothing. */
interface Failed {
  readonly channel: string
  readonly detail: string
}

const endingOf = (failed: ReadonlyArray<Failed>, channels: number): Ending => {
  if (failed.length === 0) return { outcome: "sent", detail: undefined }
  const named = failed.slice(0, NAMED).map(({ channel, detail }) => `${channel}: ${detail}`)
  const more = failed.length > NAMED ? `; and ${failed.length - NAMED} more` : ""
  const detail = `${failed.length} of ${channels} channels got nothing: ${named.join("; ")}${more}`
  return { outcome: "failed", detail }
}

export const makePublishRun = Effect.gen(function* () {
  const broker = yield* Broker
  const channels = yield* Channels
  const receipts = yield* Receipts

  const streamOf = (channel: string): StreamOptions | undefined => {
    const options = channels.optionsOf(channel)
    return isErrorCode(options) ? undefined : streamOptions(options)
  }

  /** Whether the broker knows what it has published of a run that another process began, so that nothing comes twice. */
  const canRepeat = ({ channels: names }: Schedule, run: Run, now: number): boolean =>
    names.every((channel) => {
      const stream = streamOf(channel)
      if (stream?.isDurable !== true) return false
      return now - run.startedAt < Math.max(KEYS_KNOWN_MS, stream.ttlMs)
    })

  /** Undefined: it is published. */
  const into = (channel: string, data: Uint8Array, schedule: Schedule, run: Run, open: OpenRun) => {
    const options = channels.optionsOf(channel)
    if (isErrorCode(options)) return Effect.succeed<Failed>({ channel, detail: options.message })
    const problem = dataProblem(options, data)
    if (problem !== undefined) return Effect.succeed<Failed>({ channel, detail: problem.message })
    const delivery = open.delivery()
    const publishing = broker.publish(channel, data, {
      stream: streamOptions(options),
      tags: schedule.tags,
      isDelta: options.deltaPublish,
      idempotencyKey: keyOf(run),
      delivery
    })
    let attempts = 0
    return Effect.suspend(() => {
      attempts++
      return answered(publishing)
    }).pipe(
      Effect.retry(backoff),
      Effect.match({
        onSuccess: ({ isSuppressed }) => {
          // At a later attempt it was the one before that was published, with this delivery.
          if (isSuppressed && attempts === 1) open.withdraw(delivery)
          return undefined
        },
        onFailure: ({ detail }): Failed => {
          open.withdraw(delivery)
          return { channel, detail }
        }
      })
    )
  }

  const publish = (schedule: Schedule, run: Run): Effect.Effect<Ending> =>
    Effect.suspend(() => {
      const data = bytesOf(schedule.payload, run)
      if (data === undefined)
        return Effect.succeed<Ending>({ outcome: "failed", detail: "the template is none" })
      const { channels: names } = schedule
      const open = receipts.open({ id: run.id, kind: "schedule", channels: names, schedule: schedule.id })
      // One that waits keeps no other channel from its publication.
      return Effect.forEach(names, (channel) => into(channel, data, schedule, run, open), {
        concurrency: names.length === 1 ? 1 : CHANNELS_AT_ONCE
      }).pipe(
        Effect.map((failed) =>
          endingOf(
            failed.filter((one) => one !== undefined),
            names.length
          )
        ),
        Effect.ensuring(Effect.sync(() => open.seal()))
      )
    })

  return { publish, canRepeat }
})

type OpenRun = ReturnType<Receipts["Service"]["open"]>

export type PublishRun = Effect.Success<typeof makePublishRun>
