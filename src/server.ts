#!/usr/bin/env node
/**
 * `node dist/server.js`: reads the configuration and serves until it is told to stop. `node dist/server.js schedule` talks to one that serves,
 * and `node dist/server.js hash-password` makes a part of a configuration.
 */
import * as Effect from "effect/Effect"
import { clientKeys } from "./config/ClientConfig.ts"
import { serverKeys, serverRules } from "./config/ServerConfig.ts"
import { diagnoseServer, warnIfShort } from "./doctor/doctor.ts"
import { gatherFacts } from "./doctor/gatherFacts.ts"
import { PushServer } from "./PushServer.ts"
import { runMain, runProgram } from "./program.ts"
import * as Logs from "./services/Logs.ts"

const program = {
  name: "server",
  about: "holds very many WebSocket connections and pushes messages to them",
  keys: serverKeys,
  rules: serverRules,
  alsoKnown: clientKeys,
  commands: [
    ["schedule --help", "schedules of a running server: list, add, pause, cancel and more"],
    ["hash-password --help", "makes the hash of a password, for admin.passwordHash"]
  ]
} as const

const [, , command, ...args] = process.argv
if (command === "schedule") (await import("./schedule.ts")).runSchedule(args)
else if (command === "hash-password") (await import("./hashPassword.ts")).runHashPassword(args)
else
  runProgram(program, diagnoseServer, (config) => {
    const facts = gatherFacts()
    // Once it serves: a start that fails says why and nothing else.
    const serve = Effect.flatMap(PushServer, ({ failure }) =>
      Effect.andThen(warnIfShort(config, facts), failure)
    )
    runMain(serve.pipe(Effect.provide(PushServer.layer(config)), Effect.provide(Logs.layer(config.log))))
  })
