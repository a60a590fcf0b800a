/** `node dist/server.js hash-password`: makes what `admin.passwordHash` wants. Loaded only when it is asked for. */
import * as NodeServices from "@effect/platform-node/NodeServices"
import * as Effect from "effect/Effect"
import { hashPasswordCommand } from "./cli/hashPasswordCommand.ts"
import { runCommand } from "./cli/runCommand.ts"
import { version } from "./config/commandLine.ts"
import { runMain } from "./program.ts"

export const runHashPassword = (args: ReadonlyArray<string>): void =>
  runMain(Effect.provide(runCommand(hashPasswordCommand, args, version), NodeServices.layer))
