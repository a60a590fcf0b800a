/**
 * The fan-out bench: one message to everyone, on Clarion and beside it.
 *
 * Every repetition starts every server afresh, one after the other, so that what disturbs the machine for a while disturbs all alike.
 */
import { hostFacts } from "clarion/client/report/hostFacts"
import { contenders } from "./fanout/contenders.ts"
import { LOOP_DELAY_MS } from "./fanout/loopDelay.ts"
import { help, type Options, parse } from "./fanout/options.ts"
import { notes, resultTable } from "./fanout/report.ts"
import { Results } from "./fanout/results.ts"
import { type Plan, runTrial, type Trial } from "./fanout/trial.ts"
import { verdicts } from "./fanout/verdicts.ts"
import { calmServerCore } from "./support/calm.ts"
import { machine } from "./support/conditions.ts"
import { withFolder } from "./support/folder.ts"
import { program } from "./support/options.ts"
import { attempted, type Outcome } from "./support/outcome.ts"
import { type Cores, chooseCores } from "./support/pinning.ts"
import { saveResults } from "./support/results.ts"
import { disturbance, WARM_UP_ROUNDS } from "./support/rounds.ts"
import { verdictLine } from "./support/verdicts.ts"

const start = async (options: Options): Promise<number> => {
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
  const rounds = options.depths.map((depth) => `${options.rounds(depth)} rounds at depth ${depth}`).join(", ")
  return [
    machine(cores),
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
    const attempt = async (title: string, outcome: Outcome<Trial>, trial: () => Promise<Trial>) => {
      if (outcome.unavailable !== undefined) return
      process.stderr.write(`${repetition}/${repeat} ${title} … `)
      await calmServerCore(cores)
      process.stderr.write(`${await attempted(outcome, trial, costs)}\n`)
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

const costs = ({ depths }: Trial): string =>
  Object.entries(depths)
    .map(([depth, { cpuUs }]) => `depth ${depth}: ${cpuUs.toFixed(2)} µs`)
    .join(", ")

const print = (options: Options, results: Results): void => {
  console.log(`\n${resultTable(results, options.depths)}\n`)
  for (const note of notes(results)) console.log(`- ${note}`)
  console.log("\nTargets")
  for (const verdict of verdicts(results, options.loopConnections)) console.log(verdictLine(verdict))
  const disturbed = disturbance(results.all)
  if (disturbed !== undefined) console.log(disturbed)
}

export const run = program(help, parse, start)
