/** All repetitions of a run, and the figures that table and verdicts take from them. */
import { type Spread, spread } from "../support/statistics.ts"
import type { ContenderName } from "./contenders.ts"
import type { DepthFigures, Trial } from "./trial.ts"

/** What came of one server: its repetitions, and why some are missing. */
export interface Outcome {
  readonly trials: Array<Trial>
  readonly failures: Array<string>
  /** Why it cannot be measured on this machine at all. */
  unavailable: string | undefined
}

export class Results {
  readonly servers: Partial<Record<ContenderName, Outcome>> = {}
  /** Clarion on uws with the connections of `--loop-connections`. */
  readonly loop: Outcome = emptyOutcome()

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

  /** Whether some connection missed a message, or something could not be measured that should have been. */
  get hasFailures(): boolean {
    const outcomes = [...Object.values(this.servers), this.loop]
    return outcomes.some(
      ({ trials, failures }) =>
        failures.length > 0 || trials.flatMap(({ depths }) => Object.values(depths)).some(isIncomplete)
    )
  }
}

export const isIncomplete = ({ shortRounds, stray, problem }: DepthFigures): boolean =>
  shortRounds > 0 || stray > 0 || problem !== undefined

const depthSpread = (trials: ReadonlyArray<Trial>, depth: number, pick: (figures: DepthFigures) => number) =>
  spread(trials.map(({ depths }) => (depths[depth] === undefined ? Number.NaN : pick(depths[depth]))))

const emptyOutcome = (): Outcome => ({ trials: [], failures: [], unavailable: undefined })
