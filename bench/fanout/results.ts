/** All repetitions of a run, and the figures that table and verdicts take from them. */
import { emptyOutcome, type Outcome } from "../support/outcome.ts"
import { incompleteness } from "../support/rounds.ts"
import { type Spread, spread } from "../support/statistics.ts"
import type { ContenderName } from "./contenders.ts"
import type { DepthFigures, Trial } from "./trial.ts"

export class Results {
  readonly servers: Partial<Record<ContenderName, Outcome<Trial>>> = {}
  /** Clarion on uws with the connections of `--loop-connections`. */
  readonly loop: Outcome<Trial> = emptyOutcome()

  constructor(names: ReadonlyArray<ContenderName>) {
    for (const name of names) this.servers[name] = emptyOutcome()
  }

  setUp(name: ContenderName, pick: (trial: Trial) => number): Spread | undefined {
    return spread((this.servers[name]?.trials ?? []).map(pick))
  }

  atDepth(name: ContenderName, depth: number, pick: (figures: DepthFigures) => number): Spread | undefined {
    return depthSpread(this.servers[name]?.trials ?? [], depth, pick)
  }

  loopDelay(depth: number): Spread | undefined {
    return depthSpread(this.loop.trials, depth, ({ loopDelayMs }) => loopDelayMs ?? Number.NaN)
  }

  /** Every measurement of rounds. */
  get all(): ReadonlyArray<DepthFigures> {
    return this.#outcomes.flatMap(({ trials }) => trials.flatMap(({ depths }) => Object.values(depths)))
  }

  /** Whether some connection missed a message, or something could not be measured that should have been. */
  get hasFailures(): boolean {
    return (
      this.#outcomes.some(({ failures }) => failures.length > 0) ||
      this.all.some((figures) => incompleteness(figures) !== undefined)
    )
  }

  get #outcomes(): ReadonlyArray<Outcome<Trial>> {
    return [...Object.values(this.servers), this.loop]
  }
}

const depthSpread = (trials: ReadonlyArray<Trial>, depth: number, pick: (figures: DepthFigures) => number) =>
  spread(trials.map(({ depths }) => (depths[depth] === undefined ? Number.NaN : pick(depths[depth]))))
