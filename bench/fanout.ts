/**
 * The fan-out bench: one message to everyone, on Clarion and beside it.
 *
 * Every repetition starts every server afresh, one after the other, so that what disturbs the machine for a while disturbs all alike.
 */
import { hostFacts } from "clarion/client/report/hostFacts"
import { contenders } from "./fanout/contenders.ts"
import { LOOP_DELAY_MS } from "./fanout/loopDelay.ts"
import { help, type Options, parse } from "./fanout/options.ts"
import { disturbance, notes, resultTable } from "./fanout/report.ts"
import { type Outcome, Results } from "./fanout/results.ts"
import { type Plan, runTrial, type Trial, WARM_UP_ROUNDS } from "./fanout/trial.ts"
import { verdictLine, verdicts } from "./fanout/verdicts.ts"
import { calm } from "./support/calm.ts"
import { Unavailable } from "./support/children.ts"
import { withFolder } from "./support/folder.ts"
import { type Cores, chooseCores } from "./support/pinning.ts"
import { saveResults } from "./support/results.ts"

/** How long a server waits for its core to be idle before it is measured anyway. */
const CALM_WITHIN_MS = 30_000

export const run = async (args: ReadonlyArray<string>): Promise<number> => {
  const options = parse(args)
  if (options === "help") {
    console.log(help)
    return 0
  }
  if ("problem" in options) {
    console.error(`${options.problem}\n\n${help}`)
    return 2
  }
  const cores = chooseCores()
  const results = new Results(options.only)
  const startedAt = new Date()
  console.log(conditions(options, cores))
  await withFolder((folder) => measure(options, cores, folder, results))
  print(options, results)
  const file = saveResults(
    "fanout",
    {
      ...{ bench: "fanout", startedAt: startedAt.toISOString(), host: hostFacts(), cores },
      options: { ...options, rounds: options.depths.map((depth) => [depth, options.rounds(depth)]) },
      ...{
        servers: results.servers,
        loop: results.loop,
        verdicts: verdicts(results, options.loopConnections)
      }
    },
    options.json
  )
  console.log(`\nall figures: ${file}`)
  return results.hasFailures ? 1 : 0
}

const conditions = (options: Options, cores: Cores): string => {
  const { cpu, node, platform } = hostFacts()
  const where =
    "unpinned" in cores
      ? `not pinned to cores, as ${cores.unpinned}`
      : `server on core ${cores.server}, driver on core ${cores.driver}`
  const rounds = options.depths.map((depth) => `${options.rounds(depth)} rounds at depth ${depth}`).join(", ")
  return [
    `${cpu}, ${platform}, Node ${node}; ${where}`,
    `${options.connections} connections, ${rounds} after ${WARM_UP_ROUNDS} rounds of warm-up each; ${options.repeat} repetitions`
  ].join("\n")
}

const measure = async (options: Options, cores: Cores, folder: string, results: Results): Promise<void> => {
  const { connections, depths, rounds, repeat, only, loopConnections } = options
  const plan: Plan = { connections, depths, rounds, forMs: 0, asksLoopDelay: false }
  const loopPlan: Plan = {
    ...plan,
    ...{ connections: loopConnections, forMs: LOOP_DELAY_MS, asksLoopDelay: true }
  }
  for (let repetition = 1; repetition <= repeat; repetition++) {
    const attempt = async (title: string, outcome: Outcome, trial: () => Promise<Trial>) => {
      if (outcome.unavailable !== undefined) return
      process.stderr.write(`${repetition}/${repeat} ${title} … `)
      if (!("unpinned" in cores)) await calm(cores.server, CALM_WITHIN_MS)
      process.stderr.write(`${await attempted(outcome, trial)}\n`)
    }
    for (const name of only) {
      const contender = contenders[name]
      await attempt(contender.title, results.servers[name]!, () => runTrial(contender, folder, cores, plan))
    }
    if (loopConnections > 0 && only.includes("clarion-uws")) {
      const title = `event loop of Clarion on uws, ${loopConnections} connections`
      await attempt(title, results.loop, () => runTrial(contenders["clarion-uws"], folder, cores, loopPlan))
    }
  }
}

/** Puts the trial, or why there is none, where it belongs, and says in short what came out. */
const attempted = async (outcome: Outcome, trial: () => Promise<Trial>): Promise<string> => {
  try {
    const done = await trial()
    outcome.trials.push(done)
    return Object.entries(done.depths)
      .map(([depth, { cpuUs }]) => `depth ${depth}: ${cpuUs.toFixed(2)} µs`)
      .join(", ")
  } catch (error) {
    const why = (error as Error).message
    if (error instanceof Unavailable) outcome.unavailable = why
    else outcome.failures.push(why)
    return why
  }
}

const print = (options: Options, results: Results): void => {
  console.log(`\n${resultTable(results, options.depths)}\n`)
  for (const note of notes(results)) console.log(`- ${note}`)
  console.log("\nTargets")
  for (const verdict of verdicts(results, options.loopConnections)) console.log(verdictLine(verdict))
  const disturbed = disturbance(results)
  if (disturbed !== undefined) console.log(disturbed)
}
