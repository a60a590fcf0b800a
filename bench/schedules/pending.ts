/** Scenario a: a server that starts with many schedules in its store. */

import { API_KEY } from "../support/apiKey.ts"
import { Failed } from "../support/children.ts"
import { anonymousMemory } from "../support/procfs.ts"
import type { Lookup } from "../support/scenario.ts"
import { cell } from "../support/table.ts"
import { judged, type Verdict } from "../support/verdicts.ts"
import type { Case, Context } from "./scenario.ts"
import { newStore, runProgram, withServer } from "./servers.ts"

const TITLE = "in the store on disk"
const START = "**seconds from the start of the process until the schedules are served**"
const MEMORY = "**process memory for each, beyond the store's map, bytes**"

/** Asks for a page of schedules: an answer says that they are served. */
const firstPage = async (port: number): Promise<number> => {
  const answer = await fetch(`http://127.0.0.1:${port}/api/schedules?limit=10`, {
    headers: { "x-api-key": API_KEY }
  })
  if (answer.status !== 200) throw new Failed(`/api/schedules answered ${answer.status}`)
  const { schedules } = (await answer.json()) as { readonly schedules: ReadonlyArray<object> }
  return schedules.length
}

/** Memory that is not mapped from files, when the schedules are served. */
const startOn = (context: Context, store: string) => {
  const startedAt = performance.now()
  return withServer(context, store, async ({ pid, port }) => {
    const found = await firstPage(port)
    return { found, seconds: (performance.now() - startedAt) / 1000, bytes: anonymousMemory(pid) }
  })
}

export const pendingCases: ReadonlyArray<Case> = [
  {
    title: TITLE,
    measure: async (context) => {
      const { pending } = context.scale
      const [empty, full] = [newStore(context), newStore(context)]
      await runProgram(context, "fill", [full, pending])
      await runProgram(context, "fill", [empty, 0])
      const without = await startOn(context, empty)
      const { found, seconds, bytes } = await startOn(context, full)
      return {
        figures: [
          { label: START, digits: 2, value: seconds },
          { label: "the same with an empty store", digits: 2, value: without.seconds },
          { label: MEMORY, digits: 1, value: Math.max(0, bytes - without.bytes) / pending },
          { label: "schedules", digits: 0, value: pending }
        ],
        problems: found > 0 ? [] : ["no schedule was there"],
        othersBusy: []
      }
    }
  }
]

const START_SECONDS = 10
const BYTES = 600

export const pendingVerdicts = (of: Lookup): ReadonlyArray<Verdict> => [
  judged(
    `served at most ${START_SECONDS} s after the start`,
    of(TITLE, START),
    (seconds) => `${cell(seconds, 2)} s`,
    ({ median }) => median <= START_SECONDS
  ),
  judged(
    `at most ${BYTES} bytes of process memory for each, beyond the store's map`,
    of(TITLE, MEMORY),
    (bytes) => `${cell(bytes, 1)} bytes`,
    ({ median }) => median <= BYTES
  )
]
