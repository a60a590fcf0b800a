/**
 * Traces of publications, from the request that publishes to the last write in each shard, sent to a collector of OpenTelemetry.
 *
 * Off by default: then there is no tracer, and who publishes finds that out once, when it is made. Publications of clients are not traced.
 */
import { randomUUID } from "node:crypto"
import { hostname } from "node:os"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as OtlpResource from "effect/observability/OtlpResource"
import { version } from "../../config/commandLine.ts"
import { ServerConfig } from "../../config/ServerConfig.ts"
import { Metrics } from "../Metrics.ts"
import { makeNow } from "../now.ts"
import { PublicationTracer } from "./PublicationTracer.ts"
import { makeSpanExporter } from "./SpanExporter.ts"

/** Time at the end for what waits; `shutdown.timeout` where that is less. */
const FLUSH_TIMEOUT = Duration.seconds(2)

/** Undefined: nothing is traced. */
export const Tracing = Context.Reference<PublicationTracer | undefined>("clarion/services/tracing/Tracing", {
  defaultValue: () => undefined
})

const resourceOf = (serviceName: string) =>
  OtlpResource.make({
    serviceName,
    serviceVersion: version,
    attributes: {
      "service.instance.id": randomUUID(),
      "host.name": hostname(),
      "process.pid": process.pid
    }
  })

/** The tracer of the configuration. At the end it outlives whoever uses it, and sends what waits. */
export const layer = Layer.effect(
  Tracing,
  Effect.gen(function* () {
    const { tracing, channels, shutdown } = yield* ServerConfig
    const { endpoint, headers } = tracing.otlp
    if (endpoint === undefined) return undefined
    const flushWithin = Duration.min(FLUSH_TIMEOUT, shutdown.timeout)
    const resource = resourceOf(tracing.serviceName)
    const { emit, samples } = yield* makeSpanExporter({ endpoint, headers }, resource, flushWithin)
    yield* (yield* Metrics).register(Effect.sync(samples))
    return new PublicationTracer({
      ratio: tracing.sampleRatio,
      syntax: channels,
      now: yield* makeNow,
      emit
    })
  })
)
