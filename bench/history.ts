/** The history bench: appends and recovery reads, durable beside memory. */
import { help, parse } from "./history/options.ts"
import { scenarios } from "./history/scenarios.ts"
import { scenarioBench } from "./support/scenarioBench.ts"

export const run = scenarioBench({
  name: "history",
  help,
  parse,
  scenarios,
  title: ({ scale, repeat }) => `${scale.appends} appends, ${scale.streams} streams, ${repeat} repetitions`
})
