/** The cluster bench: nodes joined by NATS beside a node alone. */
import { help, parse } from "./cluster/options.ts"
import { scenarios } from "./cluster/scenarios.ts"
import { scenarioBench } from "./support/scenarioBench.ts"

export const run = scenarioBench({
  name: "cluster",
  help,
  parse,
  scenarios,
  title: ({ scale, repeat }) => `${scale.clients} clients that come back, ${repeat} repetitions`
})
