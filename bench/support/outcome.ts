/** Repeated measurements of one thing, those that failed included. */
import { Unavailable } from "./children.ts"

/** What came of it: its repetitions, and why some are missing. */
export interface Outcome<T> {
  readonly trials: Array<T>
  readonly failures: Array<string>
  /** Why it cannot be measured on this machine at all. */
  unavailable: string | undefined
}

export const emptyOutcome = <T>(): Outcome<T> => ({ trials: [], failures: [], unavailable: undefined })

/** Puts the trial, or why there is none, where it belongs, and says in short what came out. */
export const attempted = async <T>(
  outcome: Outcome<T>,
  trial: () => Promise<T>,
  inShort: (trial: T) => string
): Promise<string> => {
  try {
    const done = await trial()
    outcome.trials.push(done)
    return inShort(done)
  } catch (error) {
    const why = (error as Error).message
    if (error instanceof Unavailable) outcome.unavailable = why
    else outcome.failures.push(why)
    return why
  }
}

export const missingNotes = (
  title: string,
  { failures, unavailable }: Outcome<unknown>
): ReadonlyArray<string> => [
  ...(unavailable === undefined ? [] : [`${title}: not measured: ${unavailable}`]),
  ...failures.map((why) => `${title}: FAILED: ${why}`)
]
