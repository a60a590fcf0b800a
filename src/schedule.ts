/** `node dist/server.js schedule …`: talks to a running server. Loaded only when it is asked for. */
import * as NodeServices from "@effect/platform-node/NodeServices"
import * as Effect from "effect/Effect"
import { runCommand } from "./cli/runCommand.ts"
import { scheduleCommand } from "./cli/scheduleCommand.ts"
import { version } from "./config/commandLine.ts"
import { runMain } from "./program.ts"

export const runSchedule = (args: ReadonlyArray<string>): void =>
  runMain(Effect.provide(runCommand(scheduleCommand, args, version), NodeServices.layer))
