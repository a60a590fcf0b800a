/** Publishes a run into the channels of its schedule, and says how it ended. */
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Result from "effect/Result"
import * as EffectSchedule from "effect/Schedule"
import { ServerConfig } from "../../config/ServerConfig.ts"
import { Broker, BrokerUnavailable } from "../broker/Broker.ts"
import { Channels, isErrorCode } from "../channels/Channels.ts"
import { dataProblem } from "../channels/dataProblem.ts"
import { streamOptions } from "../channels/streams.ts"
import { Leadership } from "../cluster/Leadership.ts"
import { IDEMPOTENCY_TTL_MS } from "../history/IdempotencyKeys.ts"
import { type Earlier, type OpenReceipt, Receipts } from "../receipts/Receipts.ts"
import { Tracing } from "../tracing/Tracing.ts"
import { tracedBroker } from "../tracing/tracedBroker.ts"
import type { Ending } from "./firing.ts"
import { traceRun } from "./runTrace.ts"
import type { Payload, Run, Schedule } from "./Schedule.ts"
import { parseTemplate, render } from "./template.ts"

/** Publications of one run that are under way at once. */
const CHANNELS_AT_ONCE = 64
/** Time for the broker to answer. */
const ANSWER_TIMEOUT = Duration.seconds(5)
/** Attempts of one publication, and the time between them: 0.1, 0.2, 0.4, 0.8 s. A run is over in half a minute, whatever the broker does. */
export const ATTEMPTS = 5
const backoff = EffectSchedule.exponential("100 millis").pipe(EffectSchedule.upTo({ times: ATTEMPTS - 1 }))
/**
 * Of a run that nobody waits for, and whose key NATS surely knows: it may be away for some seconds. Until `REPEAT_WITHIN_MS`, or until this node leads
 * no more.
 */
const patience = EffectSchedule.min([
  EffectSchedule.exponential("100 millis"),
  EffectSchedule.spaced("1 second")
])
/** Channels that the detail of a run names. */
const NAMED = 3
/**
 * How long after its beginning a run is published again, in ms: as long as the broker surely knows the keys of what was published of it, which is five
 * minutes whatever becomes of the history, less one minute for publications that wait for the disk.
 */
export const REPEAT_WITHIN_MS = IDEMPOTENCY_TTL_MS - 60_000

/** Known to the broker, so that a run that is published again is published once. */
export const keyOf = ({ id, schedule, due, isAsked }: Run): string =>
  isAsked ? `run:${id}` : `schedule:${schedule}:${due}`

const isSoonEnough = ({ startedAt }: Run, now: number): boolean => now - startedAt < REPEAT_WITHIN_MS

const bytesOf = (payload: Payload, run: Run): Uint8Array | undefined =>
  payload.kind === "data"
    ? payload.data
    : Result.getOrUndefined(
        Result.map(parseTemplate(payload.text), (template) =>
          render(template, { due: run.due, run: run.number, id: run.id })
        )
      )

const TOO_LATE = new BrokerUnavailable({ detail: "the broker may not know any more whether it was sent" })
const NOT_LEADING = new BrokerUnavailable({ detail: "this node does not lead the cluster any more" })
const NO_ANSWER = Effect.fail(new BrokerUnavailable({ detail: "it does not answer" }))

/** What it answers, if it does in time. */
const inTime = <A>(asked: Fiber.Fiber<A, BrokerUnavailable>): Effect.Effect<A, BrokerUnavailable> =>
  Effect.timeoutOrElse(Fiber.join(asked), {
    duration: ANSWER_TIMEOUT,
    orElse: () =>
      Effect.andThen(
        Effect.sync(() => asked.interruptUnsafe()),
        NO_ANSWER
      )
  })

/**
 * Asks the broker, again and again where it fails. Most answer at once and well: they cost a fiber, and nothing of what stands by for the others.
 * @param isTooLate asked before every attempt
 * @param isPatient it is asked until it is too late
 */
const persistently = <A>(
  asking: Effect.Effect<A, BrokerUnavailable>,
  isTooLate: () => boolean,
  isPatient: boolean
): Effect.Effect<A, BrokerUnavailable> => {
  const ask = Effect.forkChild(
    Effect.suspend(() => (isTooLate() ? Effect.fail(TOO_LATE) : asking)),
    { startImmediately: true }
  )
  return Effect.flatMap(ask, (first) => {
    const exit = first.pollUnsafe()
    if (exit !== undefined && Exit.isSuccess(exit)) return exit
    let asked: Fiber.Fiber<A, BrokerUnavailable> | undefined = first
    const attempt = Effect.suspend(() => {
      const known = asked
      asked = undefined
      if (known !== undefined) return inTime(known)
      return Effect.flatMap(ask, inTime)
    })
    return isPatient
      ? Effect.retry(attempt, {
          schedule: patience,
          while: (error) => error !== TOO_LATE && error !== NOT_LEADING
        })
      : Effect.retry(attempt, { schedule: backoff, while: (error) => error !== TOO_LATE })
  })
}

/** Why a channel got nothing. */
interface Failed {
  readonly channel: string
  readonly detail: string
}

/** @param isRepeat what failed now may have been published by an earlier process */
const endingOf = (failed: ReadonlyArray<Failed>, channels: number, isRepeat: boolean): Ending => {
  if (failed.length === 0) return { outcome: "sent", detail: undefined }
  const named = failed.slice(0, NAMED).map(({ channel, detail }) => `${channel}: ${detail}`)
  const more = failed.length > NAMED ? `; and ${failed.length - NAMED} more` : ""
  const count = `${failed.length} of ${channels} channels`
  const why = `${named.join("; ")}${more}`
  return isRepeat
    ? { outcome: "interrupted", detail: `the process ended; ${count} could not be sent to again: ${why}` }
    : { outcome: "failed", detail: `${count} got nothing: ${why}` }
}

export const makePublishRun = Effect.gen(function* () {
  const clock = yield* Clock.clockWith(Effect.succeed)
  const { broker: brokerConfig } = yield* ServerConfig
  const tracer = yield* Tracing
  const broker = tracedBroker(yield* Broker, tracer)
  const channels = yield* Channels
  const receipts = yield* Receipts
  const leadership = yield* Leadership

  /** NATS knows every key, whatever the channel keeps, and it outlives the node. */
  const keepsKeys = brokerConfig.type === "nats" && brokerConfig.nats.storage === "file"

  /** Whether what is published in those channels, and its key, outlives the process. */
  const areDurable = (names: ReadonlyArray<string>): boolean =>
    names.every((channel) => {
      const options = channels.optionsOf(channel)
      return !isErrorCode(options) && (keepsKeys || streamOptions(options)?.isDurable === true)
    })

  /** Whether the broker knows what it has published of a run that an earlier process began, so that nothing comes twice. */
  const mayRepeat = ({ channels: names }: Schedule, run: Run, now: number): boolean =>
    run.isRepeatable === true && isSoonEnough(run, now) && areDurable(names)

  /** Undefined: it is published. */
  const into = (
    channel: string,
    data: Uint8Array,
    { tags }: Schedule,
    run: Run,
    open: OpenReceipt,
    isRepeat: boolean
  ) => {
    const options = channels.optionsOf(channel)
    if (isErrorCode(options)) return Effect.succeed<Failed>({ channel, detail: options.message })
    const problem = dataProblem(options, data)
    if (problem !== undefined) return Effect.succeed<Failed>({ channel, detail: problem.message })
    const delivery = open.delivery()
    const publishing = broker
      .publish(channel, data, {
        stream: streamOptions(options),
        tags,
        isDelta: options.deltaPublish,
        idempotencyKey: keyOf(run),
        delivery
      })
      // It would be too large again.
      .pipe(
        Effect.catchTag("PublicationTooLarge", ({ message }) =>
          Effect.succeed<Failed>({ channel, detail: message })
        )
      )
    const attempt = run.isAsked
      ? publishing
      : Effect.suspend(() => (leadership.isLeader() ? publishing : Effect.fail(NOT_LEADING)))
    const isPatient = keepsKeys && run.isRepeatable === true && !run.isAsked
    const isTooLate = () => (isRepeat || isPatient) && !isSoonEnough(run, clock.currentTimeMillisUnsafe())
    return persistently(attempt, isTooLate, isPatient).pipe(
      Effect.match({
        onSuccess: (published) => {
          const isFailed = "detail" in published
          // By an earlier attempt, with this delivery, or by an earlier process, without it.
          if (isFailed || published.isSuppressed) open.withdraw(delivery)
          return isFailed ? published : undefined
        },
        onFailure: ({ detail }): Failed => {
          open.withdraw(delivery)
          return { channel, detail }
        }
      })
    )
  }

  /** @param earlier where an earlier process has begun it */
  const publish = (schedule: Schedule, run: Run, earlier?: Earlier): Effect.Effect<Ending> =>
    Effect.suspend(() => {
      const data = bytesOf(schedule.payload, run)
      if (data === undefined)
        return Effect.succeed<Ending>({ outcome: "failed", detail: "the template is none" })
      const { channels: names } = schedule
      const subject = { id: run.id, kind: "schedule", channels: names, schedule: schedule.id } as const
      const open = receipts.open(subject, earlier)
      const isRepeat = earlier !== undefined
      // One that waits keeps no other channel from its publication.
      return Effect.forEach(names, (channel) => into(channel, data, schedule, run, open, isRepeat), {
        concurrency: names.length === 1 ? 1 : CHANNELS_AT_ONCE
      }).pipe(
        Effect.map((failed) =>
          endingOf(
            failed.filter((one) => one !== undefined),
            names.length,
            isRepeat
          )
        ),
        Effect.ensuring(Effect.sync(() => open.seal()))
      )
    })

  return {
    publish:
      tracer === undefined
        ? publish
        : (schedule: Schedule, run: Run, earlier?: Earlier) =>
            Effect.suspend(() => traceRun(tracer, schedule, run, publish(schedule, run, earlier))),
    areDurable,
    mayRepeat
  }
})

export type PublishRun = Effect.Success<typeof makePublishRun>
