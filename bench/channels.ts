/** The channels bench: the client protocol and the server API, on Clarion and beside it. */
import { help, parse } from "./channels/options.ts"
import { scenarios } from "./channels/scenarios.ts"
import { scenarioBench } from "./support/scenarioBench.ts"

export const run = scenarioBench({
  name: "channels",
  help,
  parse,
  scenarios,
  title: ({ scale, repeat, transport }) =>
    `${scale.connections} connections, ${repeat} repetitions; Clarion on ${transport}`
})
