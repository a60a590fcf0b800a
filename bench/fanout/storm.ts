/**
 * Set-ups as fast as a server takes them, from a client in C: the driver of the rounds opens connections slower than servers accept
 * them, and a server that waits for each pays for being woken each time.
 */
import { end, Failed, start, startServer, Unavailable } from "../support/children.ts"
import { compile } from "../support/compile.ts"
import type { Contender } from "../support/contender.ts"
import { exactCpuUs } from "../support/procfs.ts"

export interface Storm {
  readonly perSecond: number
  /** Server CPU for each connection. */
  readonly cpuUs: number
}

const WITHIN_MS = 60_000

/** Undefined where there is no C compiler. The server is a fresh one: what is freed afterwards would falsify its memory. */
export const measureStorm = async (
  contender: Contender,
  folder: string,
  pins: { readonly server: number | undefined; readonly driver: number | undefined },
  connections: number
): Promise<Storm | undefined> => {
  const opener = openerIn(folder)
  if (opener === undefined) return undefined
  const server = await startServer(contender.command(folder), pins.server, contender.says)
  try {
    const before = exactCpuUs(server.pid)
    const seconds = await open([opener, String(server.port), String(connections)], pins.driver)
    return { perSecond: connections / seconds, cpuUs: (exactCpuUs(server.pid) - before) / connections }
  } finally {
    await end(server.child)
  }
}

const openerIn = (folder: string): string | undefined => {
  try {
    return compile("opener", folder)
  } catch (error) {
    if (error instanceof Unavailable) return undefined
    throw error
  }
}

/** Runs the opener; its connections end with it. */
const open = (command: ReadonlyArray<string>, core: number | undefined): Promise<number> =>
  new Promise((resolve, reject) => {
    const child = start({ command, core, stdio: ["ignore", "pipe", "inherit"] })
    const timer = setTimeout(() => child.kill("SIGKILL"), WITHIN_MS)
    let output = ""
    child.stdout?.on("data", (chunk: Buffer) => {
      output += chunk.toString()
    })
    child.once("error", reject)
    child.once("close", (code, signal) => {
      clearTimeout(timer)
      if (code === 0) resolve((JSON.parse(output) as { readonly seconds: number }).seconds)
      else reject(new Failed(`opening connections ended with ${signal ?? code}`))
    })
  })
