/** What the bench of NATS measures, one after the other. */

import { pinsOf } from "../support/bench.ts"
import { Unavailable } from "../support/children.ts"
import type { Cores } from "../support/pinning.ts"
import { liveFigures } from "./live.ts"
import type { Options } from "./options.ts"
import { withNats } from "./servers.ts"
import { storedFigures } from "./stored.ts"
import { subjectFigures } from "./subjects.ts"

export interface Figure {
  readonly label: string
  readonly value: number
  readonly digits: number
}

export interface CaseResult {
  readonly title: string
  readonly figures: ReadonlyArray<Figure>
  readonly note?: string
}

type Case = readonly [title: string, measure: () => Promise<ReadonlyArray<Figure>>]

const measured = async ([title, measure]: Case): Promise<CaseResult> => {
  try {
    return { title, figures: await measure() }
  } catch (error) {
    if (!(error instanceof Unavailable)) throw error
    return { title, figures: [], note: `not measured: ${error.message}` }
  }
}

export async function* measureAll(
  { bytes, publications }: Options,
  cores: Cores
): AsyncGenerator<CaseResult> {
  const core = pinsOf(cores).server
  const cases: ReadonlyArray<Case> = [
    [
      "Live, one server on one core",
      () => withNats(1, core, ([server]) => liveFigures(server!, bytes, publications))
    ],
    [
      "Kept, one server on one core",
      () => withNats(1, core, (servers) => storedFigures(servers, bytes, publications))
    ],
    [
      "Kept, three servers on this machine",
      () => withNats(3, undefined, (servers) => storedFigures(servers, bytes, publications))
    ],
    [
      "Channels, one server on one core",
      () => withNats(1, core, ([server], folder) => subjectFigures(server!, folder, bytes))
    ]
  ]
  for (const one of cases) yield await measured(one)
}
