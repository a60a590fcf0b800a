/**
 * `find-max`: raises the connections, or the rate of publications, level by level until one does not hold. Each level is judged alone;
 * there are as many as `findMax.levels` says, so it ends.
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type { ScenarioStep } from "../../protocol/report.ts"
import type { Thresholds } from "../report/thresholds.ts"
import { higher } from "./figures.ts"
import { highestHeld, type Measured, stepOf } from "./level.ts"
import { connectionsAt } from "./Order.ts"
import type { MakeScenario, Stage } from "./Scenario.ts"
import { allSettled, broadcastDone } from "./stages.ts"

const measured = ({ measure, now }: Stage): Effect.Effect<Measured> =>
  Effect.map(measure, (snapshot) => ({ at: now(), snapshot }))

/** Opens the connections of a level, and holds them. */
const raiseConnections = Effect.fnUntraced(function* (stage: Stage, level: number) {
  const { config } = stage
  const { levels, hold } = config.findMax
  // What the ramps open: each rounds up its own share.
  const connections = stage.shares.reduce((sum, share) => sum + connectionsAt(share, level, levels), 0)
  stage.tell({ at: `level ${level} of ${levels}: ${connections} connections` })
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
  return stepOf({ level: connections, connections, begun, opened, ended }, config.thresholds)
})

/** Publishes at the rate of a level to all connections. */
const raiseRate = Effect.fnUntraced(function* (stage: Stage, level: number) {
  const { config, publisher } = stage
  const { levels, hold, rate } = config.findMax
  const perSecond = (rate * level) / levels
  stage.tell({ at: `level ${level} of ${levels}: ${Number(perSecond.toFixed(2))} publications a second` })
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

/** Limits of what is heard: without anything to hear nobody knows whether they were kept. */
const notJudged = (steps: ReadonlyArray<ScenarioStep>, thresholds: Thresholds): ReadonlyArray<string> => {
  const hasHeard = steps.some(({ figures }) =>
    figures.some(({ name, value }) => name === "p99" && value !== null)
  )
  const limits = (Object.keys(thresholds) as Array<keyof Thresholds>).filter(
    (name) => thresholds[name] !== undefined && OF_WHAT_IS_HEARD.has(name)
  )
  if (steps.length === 0 || hasHeard || limits.length === 0) return []
  return [`No level heard anything: ${limits.join(", ")} could not be judged.`]
}

const OF_WHAT_IS_HEARD: ReadonlySet<string> = new Set([
  ...["min", "mean", "p50", "p75", "p90", "p95", "p98", "p99", "p999", "max", "delivered"]
])

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
    doubts: () => notJudged(steps, stage.config.thresholds),
    outcome: () => ({
      name: "find-max",
      figures: [higher("highest", "highest level that held", unit, highestHeld(steps))],
      missed: steps[0]?.held === false ? [`the lowest level did not hold: ${steps[0].because}`] : [],
      steps
    })
  }
}
