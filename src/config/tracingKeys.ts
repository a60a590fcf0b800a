/** Traces of publications, sent to a collector of OpenTelemetry. */
import { endpointUrl, headers } from "./httpKinds.ts"
import { type ConfigOf, key } from "./Keys.ts"
import * as Kind from "./Kind.ts"

export const tracingKeys = {
  "tracing.otlp.endpoint": key(
    endpointUrl,
    undefined,
    "URL of a collector that takes OTLP over HTTP, such as http://localhost:4318; unset: no traces"
  ),
  "tracing.otlp.headers": key(headers, {}, "headers of every request to it, such as a key"),
  "tracing.sampleRatio": key(
    Kind.number(0, 1),
    0.01,
    "share of the publications that are traced, where no traceparent header decides"
  ),
  "tracing.serviceName": key(Kind.text, "clarion", "service.name of all traces")
}

export type TracingConfig = ConfigOf<typeof tracingKeys>["tracing"]
