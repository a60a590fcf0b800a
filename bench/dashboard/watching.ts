/** Scenario a: what a server works more while pages are open that look at it. */
import { setTimeout as sleep } from "node:timers/promises"
import type { Server } from "../support/children.ts"
import type { Figure, Lookup } from "../support/scenario.ts"
import { cell } from "../support/table.ts"
import { judged, type Verdict } from "../support/verdicts.ts"
import { Page } from "./Page.ts"
import type { Case } from "./scenario.ts"
import { cpuOf, sizes, withClients, withServer } from "./servers.ts"

/** After something was opened or closed, until that is over. */
const SETTLE_MS = 3000
const MANY = 5

const ONE_PAGE = "**one page: CPU more, % of a core**"
const EACH_OF_MANY = `**${MANY} pages: CPU more for each, % of a core**`

const percent = (label: string, value: number): Figure => ({ label, digits: 2, value })

/** CPU time of the server, as a share of a core in percent. */
const watch = async (server: Server, ms: number): Promise<number> => {
  await sleep(SETTLE_MS)
  const [at, before] = [performance.now(), cpuOf(server)]
  await sleep(ms)
  return (cpuOf(server) - before) / (performance.now() - at) / 10
}

/** With so many pages more; they are closed afterwards. */
const watchWith = async (server: Server, pages: number, ms: number) => {
  const open: Array<Page> = []
  try {
    for (let i = 0; i < pages; i++) open.push(await Page.open(server.port))
    const [states, bytes] = [open[0]!.states, open[0]!.bytes]
    const busy = await watch(server, ms)
    return { busy, states: open[0]!.states - states, bytes: open[0]!.bytes - bytes }
  } finally {
    for (const page of open) page.close()
  }
}

export const watchingCases: ReadonlyArray<Case> = sizes.map((size) => ({
  title: size.title,
  measure: (context) =>
    withServer(context, size, (server) => {
      const { watchMs } = context.scale
      const connections = size.connectionsOf(context.scale)
      return withClients(context, server, connections, async () => {
        // What a page needs is compiled when the first one was open for a while.
        await watchWith(server, 1, watchMs)
        const closed = await watch(server, watchMs)
        const one = await watchWith(server, 1, watchMs)
        const many = await watchWith(server, MANY, watchMs)
        const again = await watch(server, watchMs)
        // What is in between changes slowly: the machine, and the heaps.
        const without = (closed + again) / 2
        return {
          figures: [
            percent("closed: CPU, % of a core", closed),
            percent("closed again: CPU, % of a core", again),
            percent(ONE_PAGE, one.busy - without),
            percent(EACH_OF_MANY, (many.busy - without) / MANY),
            { label: "states a second", digits: 1, value: (one.states / watchMs) * 1000 },
            { label: "KB of JSON a second, before deltas", digits: 0, value: one.bytes / watchMs },
            { label: "connections", digits: 0, value: connections }
          ],
          problems: one.states > 0 ? [] : ["the page heard nothing"],
          othersBusy: []
        }
      })
    })
}))

const MOST = 1

export const watchingVerdicts = (of: Lookup): ReadonlyArray<Verdict> =>
  sizes.flatMap(({ title }) =>
    [ONE_PAGE, EACH_OF_MANY].map((label) =>
      judged(
        `${title}, ${label.replaceAll("**", "").split(":")[0]}: each costs at most ${MOST} % of a core`,
        of(title, label),
        (share) => `${cell(share, 2)} %`,
        ({ median }) => median <= MOST
      )
    )
  )
