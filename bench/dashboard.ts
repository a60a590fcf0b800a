/** The dashboard bench: what it costs a server that somebody looks at it, and that it is scraped. */
import { help, parse } from "./dashboard/options.ts"
import { scenarios } from "./dashboard/scenarios.ts"
import { scenarioBench } from "./support/scenarioBench.ts"

export const run = scenarioBench({
  name: "dashboard",
  help,
  parse,
  scenarios,
  title: ({ scale: { connections, workerConnections, workers, shards }, repeat }) =>
    `${connections} connections in one process, ${workerConnections} in ${workers} workers, ${shards} shards, ${repeat} repetitions`
})
