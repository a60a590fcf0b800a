/** `--doctor` of both programs, and the server's warning at start. */
import * as Effect from "effect/Effect"
import type { ClientConfigValue } from "../config/ClientConfig.ts"
import type { ServerConfigValue } from "../config/ServerConfig.ts"
import { clientChecks, clientDemand, planClient } from "./clientChecks.ts"
import { type Diagnosis, diagnose, shortForm } from "./Diagnosis.ts"
import { gatherFacts } from "./gatherFacts.ts"
import type { MachineFacts } from "./MachineFacts.ts"
import { serverChecks, serverDemand, serverNotes, type TransportName } from "./serverChecks.ts"

const headline = (program: string, size: string): string => `Does this machine carry it? ${program}: ${size}`

/** uWebSockets.js is loaded to see whether it can be, as the server would at its start. */
const transportOf = ({ server }: ServerConfigValue): Effect.Effect<TransportName> =>
  server.transport === "auto"
    ? Effect.promise(() => import("../services/uws/UwsTransport.ts")).pipe(
        Effect.flatMap(({ loadUws }) => loadUws),
        Effect.match({ onSuccess: () => "uws" as const, onFailure: () => "ws" as const })
      )
    : Effect.succeed(server.transport)

export const diagnoseServer = (config: ServerConfigValue): Effect.Effect<Diagnosis> =>
  Effect.map(transportOf(config), (transport) => {
    const facts = gatherFacts()
    const { size } = serverDemand(config, transport, facts)
    return diagnose(
      headline("server", size),
      serverChecks(config, transport, facts),
      serverNotes(config, facts)
    )
  })

export const diagnoseClient = (config: ClientConfigValue): Effect.Effect<Diagnosis> =>
  Effect.sync(() => {
    const facts = gatherFacts()
    const plan = planClient(config, facts)
    const { size } = clientDemand(config, plan, facts)
    return diagnose(headline("client", size), clientChecks(config, plan, facts), [])
  })

/**
 * Warns, in one line of the log, of all that `totalSize` is short of; says nothing where nothing is.
 * @param facts from before the server's own processes were there
 */
export const warnIfShort = (config: ServerConfigValue, facts: MachineFacts): Effect.Effect<void> =>
  Effect.suspend(() => {
    // Whether uWebSockets.js loads is told by the start itself.
    const transport = config.server.transport === "ws" ? "ws" : "uws"
    const warning = shortForm("server", serverChecks(config, transport, facts))
    return warning === undefined ? Effect.void : Effect.logWarning(warning)
  })
