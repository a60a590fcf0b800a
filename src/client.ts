#!/usr/bin/env node
/**
 * `node dist/client.js`: ramps connections against a server, holds them, and says what it measured. With `--compare` it runs nothing, and
 * compares what two runs have left.
 */
import * as Effect from "effect/Effect"
import { asksToCompare, compareCommand } from "./client/compare/compareCommand.ts"
import { LiveView } from "./client/view/LiveView.ts"
import { clientKeys } from "./config/ClientConfig.ts"
import { serverKeys } from "./config/ServerConfig.ts"
import { scenarioPreset } from "./config/scenarioPresets.ts"
import { scenarioRules } from "./config/scenarioRules.ts"
import { diagnoseClient } from "./doctor/doctor.ts"
import { runLoadTest } from "./LoadTest.ts"
import { runConcluding, runMain, runProgram } from "./program.ts"
import * as Logs from "./services/Logs.ts"

const program = {
  name: "client",
  about: "ramps WebSocket connections against a server and measures what they hear",
  keys: clientKeys,
  rules: scenarioRules,
  alsoKnown: serverKeys,
  presets: scenarioPreset,
  commands: [["--compare A B", "compare two JSON reports, with --report.html FILE also as a page, and exit"]]
} as const

const args = process.argv.slice(2)
if (asksToCompare(args)) runMain(compareCommand(args, (text) => process.stdout.write(text)))
else
  runProgram(program, diagnoseClient, (config) => {
    const view = new LiveView(process.stdout)
    process.stdout.on("error", () => view.mute())
    // Also where a second Ctrl-C has left it no time.
    process.once("exit", () => view.end())
    const logs = Logs.layer(config.log, (line) => view.print(line))
    runConcluding((stopped) => Effect.provide(runLoadTest(config, view, stopped), logs))
  })
