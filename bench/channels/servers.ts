/** Clarion's server as it is measured here: its channels, and what can be asked of it from outside. */
import { mkdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import { withBench } from "../support/bench.ts"
import { Failed } from "../support/children.ts"
import { bare, type Contender, clarionCommand, clarionSays } from "../support/contender.ts"
import { freePort } from "../support/freePort.ts"
import { Inspector } from "../support/Inspector.ts"
import type { Bench } from "../support/usage.ts"
import type { Context } from "./scenario.ts"

/** What channels of the names that begin so keep. */
export const PLAIN = ""
export const KEPT = "kept:"
export const RECOVERABLE = "recoverable:"

const history = { historySize: 100, historyTtl: "300 seconds" }
const settings = {
  client: { insecure: true },
  channels: {
    namespaces: [
      { name: "kept", ...history, forcePositioning: true },
      { name: "recoverable", ...history, forceRecovery: true }
    ]
  },
  raw: { onMessage: "broadcast" }
}

export const socketIoRooms: Contender = bare("Socket.IO rooms", "socketIoRooms", "socketIoRooms.js")
export const uwsTopics: Contender = bare("bare uWS topics", "uwsTopics", "uwsTopics.js")

export const withContender = <A>(
  { folder, cores }: Context,
  { command, says }: Contender,
  use: (bench: Bench) => Promise<A>
): Promise<A> => withBench(command(folder), says, cores, use)

/** Clarion under measurement. */
export interface ClarionBench extends Bench {
  /** Where garbage was asked to be collected, or profiles are taken. */
  readonly inspector: Inspector | undefined
}

/** @param isInspected whether garbage is to be collected at will; it costs memory and nothing while it is not used */
export const withClarion = async <A>(
  context: Context,
  isInspected: boolean,
  use: (bench: ClarionBench) => Promise<A>
): Promise<A> => {
  const { folder, cores, transport, profile } = context
  const config = join(folder, "channels.json")
  writeFileSync(config, JSON.stringify(settings))
  const port = isInspected || profile !== undefined ? await freePort() : undefined
  const flags = port === undefined ? [] : [`--inspect=127.0.0.1:${port}`]
  const command = clarionCommand(transport, folder, { config }, flags)
  return withBench(command, clarionSays(transport), cores, async (bench) => {
    const inspector = port === undefined ? undefined : await Inspector.connect(port)
    try {
      return await use({ ...bench, inspector })
    } finally {
      inspector?.end()
    }
  })
}

/** Takes a profile of the work where profiles are asked for. @param name of its file */
export const profiled = async <A>(
  { profile }: Context,
  inspector: Inspector | undefined,
  name: string,
  work: () => Promise<A>
): Promise<A> => {
  if (profile === undefined || inspector === undefined) return work()
  mkdirSync(profile, { recursive: true })
  await inspector.startProfile()
  const result = await work()
  await inspector.stopProfile(join(profile, `${name.replaceAll(/\W+/g, "-")}.cpuprofile`))
  return result
}

const POLL_MS = 100
const EMPTY_WITHIN_MS = 30_000

/** Completes when the server has noticed that all of its clients are gone. */
export const emptied = async (port: number): Promise<void> => {
  const until = performance.now() + EMPTY_WITHIN_MS
  while (performance.now() < until) {
    const answer = await fetch(`http://127.0.0.1:${port}/ready`)
    const { connections } = (await answer.json()) as { readonly connections: number }
    if (connections === 0) return
    await sleep(POLL_MS)
  }
  throw new Failed(`the server still held connections ${EMPTY_WITHIN_MS} ms after all were cut`)
}
