/**
 * A ramp: an actor that opens connections from one local address at a set pace, holds them, and closes them at the end.
 *
 * With `reconnect.enabled` those
 * that are lost come back while it ramps and holds, at their own times: its machine knows nothing of them. A crash ends its
 * connections and nothing else; its supervisor starts it again, and it ramps anew.
 */
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"
import { createActor } from "xstate"
import { type RampOptions, RampSockets } from "../client/RampSockets.ts"
import { Obedience } from "../client/scenario/Obedience.ts"
import { connectionsAt, firstConnections, type Order } from "../client/scenario/Order.ts"
import { forkLongLived } from "../services/longLived.ts"
import { makeNow } from "../services/now.ts"
import { makeMachineClock } from "./clock.ts"
import { type RampState, rampMachine } from "./rampMachine.ts"
import type { Life } from "./Supervisor.ts"

/** How often waiting sockets are looked at: what a timeout can be late; with more open ones than one sweep looks at, a multiple of it. */
const SWEEP = "500 millis"
/** Sockets that one step of the drain closes, between two turns of the loop. */
const CLOSE_STEP = 256

/** A ramp that lives, as its supervisor sees it. */
export interface LivingRamp {
  readonly state: () => RampState
  readonly sockets: RampSockets
  /** Does what a scenario asks for. */
  readonly obey: (order: Order) => void
}

/** The program of a ramp's life. @param alive told of it when it lives, for views, the actor tree, and orders */
export const rampProgram = (options: RampOptions, alive: (ramp: LivingRamp) => void) =>
  Effect.fnUntraced(function* (life: Life) {
    const { share } = options
    const { setup, websocket } = options.config
    const crash = yield* Deferred.make<never, unknown>()
    /** For what timers call: an error there would end the process. */
    const guarded = (run: () => void) => {
      try {
        run()
      } catch (error) {
        Deferred.doneUnsafe(crash, Effect.fail(error))
      }
    }
    const clock = yield* makeMachineClock
    const random = yield* Random.Random
    const ramp = new RampSockets(options, yield* makeNow, {
      random: () => random.nextDoubleUnsafe(),
      soon: (run) => setImmediate(() => guarded(run)),
      timers: {
        setTimeout: (run, ms) => clock.setTimeout(() => guarded(run), ms),
        clearTimeout: clock.clearTimeout
      }
    })
    yield* Effect.addFinalizer(() =>
      Effect.sync(() => {
        ramp.stayAway()
        for (const socket of [...ramp.sockets.items]) socket.terminate()
      })
    )
    const machine = createActor(rampMachine, {
      clock,
      input: {
        total: firstConnections(options.config, share.clients),
        batchSize: share.batchSize,
        intervalMs: Duration.toMillis(setup.interval)
      }
    })
    let attempted = 0
    machine.subscribe({
      next: ({ value, context }) => {
        if (value !== "ramping" || context.attempted === attempted) return
        attempted = context.attempted
        // xstate throws what its observers throw from a timer.
        guarded(() => ramp.open(context.batch))
      },
      error: (error) => Deferred.doneUnsafe(crash, Effect.fail(error))
    })
    yield* Effect.acquireRelease(
      Effect.sync(() => machine.start()),
      () => Effect.sync(() => machine.stop())
    )
    const obedience = new Obedience({
      ramp,
      raise: (level, levels) =>
        machine.send({ type: "raise", total: connectionsAt(share.clients, level, levels) }),
      random: () => random.nextDoubleUnsafe(),
      later: (run, ms) => clock.setTimeout(() => guarded(run), ms)
    })
    alive({
      state: () => machine.getSnapshot().value as RampState,
      sockets: ramp,
      obey: (order) => guarded(() => obedience.obey(order))
    })
    const sweep = Effect.sync(() =>
      ramp.sweep(Duration.toMillis(setup.timeout), Duration.toMillis(websocket.timeout))
    )
    yield* forkLongLived("sweep", Effect.forever(Effect.andThen(Effect.sleep(SWEEP), sweep)))
    yield* Effect.logInfo(`start IP: ${share.localAddress}`)
    yield* life.started
    machine.send({ type: "start" })
    yield* Effect.raceFirst(life.stopping, Deferred.await(crash))
    machine.send({ type: "stop" })
    ramp.stayAway()
    yield* closeAll(ramp)
    machine.send({ type: "empty" })
  })

/** Closes step by step, and completes when every socket is gone; the sweep cuts those whose server does not answer. */
const closeAll = Effect.fnUntraced(function* (ramp: RampSockets) {
  const empty = yield* Deferred.make<void>()
  ramp.onEmpty = () => Deferred.doneUnsafe(empty, Effect.void)
  const open = [...ramp.sockets.items]
  for (let at = 0; at < open.length; at += CLOSE_STEP) {
    for (const socket of open.slice(at, at + CLOSE_STEP)) socket.close(1000, "end of run")
    yield* Effect.yieldNow
  }
  if (ramp.sockets.size > 0) yield* Deferred.await(empty)
})
