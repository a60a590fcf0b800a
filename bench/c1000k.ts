/** The c1000k bench: very many connections on one machine, and broadcasts that reach all of them. */
import { hostFacts } from "clarion/client/report/hostFacts"
import { help, type Options, parse } from "./c1000k/options.ts"
import { runInOwnNetwork } from "./c1000k/ownNetwork.ts"
import { resultText, verdictsOf } from "./c1000k/report.ts"
import { chooseScheduling } from "./c1000k/scheduling.ts"
import { type Sizing, shortage, sizeFor } from "./c1000k/sizing.ts"
import { runTrial } from "./c1000k/trial.ts"
import { withFolder } from "./support/folder.ts"
import { freePort } from "./support/freePort.ts"
import { program } from "./support/options.ts"
import { saveResults } from "./support/results.ts"

const start = async (options: Options, args: ReadonlyArray<string>): Promise<number> => {
  if (options.network === "own") {
    const ran = await runInOwnNetwork(args, options.connections)
    if (typeof ran === "number") return ran
    console.log(`in the network of this machine, not in one of its own: ${ran.obstacle}`)
  }
  const sizing = sizeFor(options, await freePort())
  const short = await shortage(sizing)
  if (short !== undefined) {
    console.error(
      `${short}\n\nNothing was started: ${options.connections} connections do not fit on this machine.`
    )
    return 1
  }
  return measure(options, sizing)
}

const measure = async (options: Options, sizing: Sizing): Promise<number> => {
  const { cpu, cores, node, platform } = hostFacts()
  const startedAt = new Date()
  const scheduling = chooseScheduling()
  console.log(`${cores} × ${cpu}, ${platform}, Node ${node}`)
  console.log(
    `${sizing.connections} connections from ${sizing.addresses} local addresses, ${options.rate} a second; ${options.broadcasts} broadcasts; scheduled ${scheduling.name}`
  )
  const say = (line: string) => {
    const seconds = ((Date.now() - startedAt.getTime()) / 1000).toFixed(0)
    process.stderr.write(`${seconds.padStart(4)} s  ${line}\n`)
  }
  const trial = await withFolder((folder) => runTrial(options, sizing, scheduling, folder, say))
  console.log(`\n${resultText(trial, sizing)}\n`)
  if (trial.problem !== undefined) console.log(`not all broadcasts: ${trial.problem}`)
  const verdicts = verdictsOf(trial, sizing, options.broadcasts)
  for (const { target, met } of verdicts) console.log(`${met ? "met   " : "MISSED"} ${target}`)
  const facts = { bench: "c1000k", startedAt: startedAt.toISOString(), host: hostFacts() }
  const file = saveResults(
    "c1000k",
    { ...facts, options, sizing, scheduling: scheduling.name, ...trial, verdicts },
    options.json
  )
  console.log(`\nall figures: ${file}`)
  return verdicts.every(({ met }) => met) ? 0 : 1
}

export const run = program(help, parse, start)
