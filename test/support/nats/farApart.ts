/** Two NATS servers that are one cluster, with a slow way between them. */
import * as Effect from "effect/Effect"
import { NatsProxy } from "./NatsProxy.ts"
import { freePort, type NatsServer, startNats, untilLed } from "./NatsServer.ts"

/** @param delayMs of what one says to the other, over `ways` */
export const startFarApart = Effect.fnUntraced(function* (delayMs: number) {
  const ports = yield* Effect.promise(() => Promise.all([freePort(), freePort()]))
  const ways = yield* Effect.forEach(ports, (port) => NatsProxy.before({ port }, delayMs))
  const [toNear, toFar] = ways
  const start = (name: string, port: number, to: NatsProxy) =>
    startNats({
      name,
      configuration: `cluster {
  name: far-apart, listen: "127.0.0.1:${port}", no_advertise: true
  routes: [${to.url.replace("nats:", "nats-route:")}]
}`
    })
  const servers: readonly [NatsServer, NatsServer] = [
    yield* start("near", ports[0], toFar!),
    yield* start("far", ports[1], toNear!)
  ]
  yield* Effect.promise(() => untilLed(servers.map(({ monitorPort }) => monitorPort)))
  return { servers, ways }
})
