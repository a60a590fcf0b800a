/** A broker for those whose publications are traced: the server API, and the runs of schedules. */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import { Broker, type Published, type PublishFailure } from "../broker/Broker.ts"
import { Delivery } from "../hot/Publication.ts"
import type { SpanEnd } from "./OpenSpan.ts"
import { currentSpan, type PublicationTracer } from "./PublicationTracer.ts"

/** What the span of a publication tells of its end. */
const endOf = (exit: Exit.Exit<Published, PublishFailure>): Partial<SpanEnd> => {
  if (Exit.isFailure(exit)) {
    const [reason] = exit.cause.reasons
    const type = reason?._tag === "Fail" ? reason.error._tag : (reason?._tag ?? "_OTHER")
    return {
      error: { type, message: reason?._tag === "Fail" ? reason.error.message : Cause.pretty(exit.cause) }
    }
  }
  const { offset, epoch, isSuppressed } = exit.value
  const position = epoch === "" ? {} : { "clarion.stream.offset": offset, "clarion.stream.epoch": epoch }
  return { attributes: { ...position, "clarion.publication.suppressed": isSuppressed ? true : undefined } }
}

/** The broker itself where nothing is traced. */
export const tracedBroker = (
  broker: Broker["Service"],
  tracer: PublicationTracer | undefined
): Broker["Service"] =>
  tracer === undefined
    ? broker
    : Broker.of({
        ...broker,
        publish: (channel, data, options) =>
          Effect.flatMap(currentSpan, (above) => {
            const span = tracer.publication(channel, data.length, above)
            if (span === undefined) return broker.publish(channel, data, options)
            const { delivery = new Delivery() } = options
            // A second attempt has the delivery of the first, which may be under way.
            delivery.watch ??= tracer.fanOut(span)
            return Effect.onExit(broker.publish(channel, data, { ...options, delivery }), (exit) =>
              Effect.sync(() => tracer.end(span, endOf(exit)))
            )
          })
      })
