/** The schedules bench: what many schedules cost, how soon they fire, how many can be made. */
import { help, parse } from "./schedules/options.ts"
import { scenarios } from "./schedules/scenarios.ts"
import { scenarioBench } from "./support/scenarioBench.ts"

export const run = scenarioBench({
  name: "schedules",
  help,
  parse,
  scenarios,
  title: ({ scale, repeat }) => `${scale.pending} schedules that wait, ${repeat} repetitions`
})
