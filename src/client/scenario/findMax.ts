/**
 * `find-max`: raises the connections, or the rate of publications, level by level until one does not hold. Each level is judged alone;
 * there are as many as `findMax.levels` says, so it ends.
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type { ScenarioStep } from "../../protocol/report.ts"
import { higher } from "./figures.ts"
import { highestHeld, type Measured, stepOf } from "./level.ts"
import type { MakeScenario, Stage } from "./Scenario.ts"
import { allSettled, broadcastDone } from "./stages.ts"

const measured = ({ measure, now }: Stage): Effect.Effect<Measured> =>
  Effect.map(measure, (snapshot) => ({ at: now(), snapshot }))

/** Opens the connections of a level, and holds them. */
const raiseConnections = Effect.fnUntraced(function* (stage: Stage, level: number) {
  const { config, total } = stage
  const { levels, hold } = config.findMax
  const begun = yield* measured(stage)
  yield* stage.order({ _tag: "Raise", level, levels })
  yield* allSettled(stage)
  // A process that was too busy to say how it is may not have begun: to measure is to wait for it.
  yield* stage.measure
  yield* allSettled(stage)
  const opened = yield* measured(stage)
  yield* Effect.sleep(hold)
  yield* broadcastDone(stage)
  const ended = yield* measured(stage)
  const connections = Math.floor((total * level) / levels)
  return stepOf({ level: connections, connections, begun, opened, ended }, config.thresholds)
})

/** Publishes at the rate of a level to all connections. */
const raiseRate = Effect.fnUntraced(function* (stage: Stage, level: number) {
  const { config, publisher } = stage
  const { levels, hold, rate } = config.findMax
  const perSecond = (rate * level) / levels
  const before = publisher.figures()
  const opened = yield* measured(stage)
  yield* publisher.at(perSecond, Duration.toMillis(hold))
  yield* broadcastDone(stage)
  const ended = yield* measured(stage)
  const due = Math.floor(perSecond * Duration.toSeconds(hold))
  const published = publisher.figures().published - before.published
  return stepOf(
    {
      level: perSecond,
      connections: opened.snapshot.connections.active,
      publications: { due, published },
      ...{ begun: opened, opened, ended }
    },
    config.thresholds
  )
})

export const findMax: MakeScenario = (stage) => {
  const { of, levels } = stage.config.findMax
  const steps: Array<ScenarioStep> = []
  const [raise, unit] =
    of === "rate" ? [raiseRate, "publications a second"] : [raiseConnections, "connections"]
  return {
    direct: Effect.gen(function* () {
      // The connections of the first level are judged as those of every other.
      if (of === "rate") yield* allSettled(stage)
      for (let level = 1; level <= levels; level++) {
        const step = yield* raise(stage, level)
        steps.push(step)
        yield* Effect.logInfo(`level ${step.level} ${step.held ? "held" : `did not hold: ${step.because}`}`)
        if (!step.held) return
      }
    }),
    settle: Effect.void,
    judges: true,
    outcome: () => ({
      name: "find-max",
      figures: [higher("highest", "highest level that held", unit, highestHeld(steps))],
      missed: steps[0]?.held === false ? [`the lowest level did not hold: ${steps[0].because}`] : [],
      steps
    })
  }
}
