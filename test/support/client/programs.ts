/** The server and the load client as processes, with settings that are quick and stay on this machine. */
import { readFileSync } from "node:fs"
import { join } from "node:path"
import type { Report } from "../../../src/client/report/Report.ts"
import { flags, Program, type Start, start } from "./Program.ts"

type Settings = Readonly<Record<string, unknown>>

/** A server that broadcasts from its start on, several times a second. */
export class ServerProgram extends Program {
  /** "ws://127.0.0.1:1234" */
  readonly uri: Promise<string>

  constructor(folder: string, settings: Settings = {}) {
    super([
      ...["dist/server.js", "--config", "conf/app.json"],
      ...flags({
        "server.ip": "127.0.0.1",
        "server.port": 0,
        "sending.timer.delay": "100 ms",
        "sending.timer.interval": "400 ms",
        "store.path": join(folder, "store"),
        "shutdown.timeout": "200 ms",
        ...settings
      })
    ])
    this.uri = this.line(/serving on (wss?:\/\/[^ ]+)/).then(([, uri]) => uri!)
    // A test that waits for it hears of its failure; for others it is none.
    this.uri.catch(() => {})
  }
}

/** Ten connections of one address in one batch, for half a minute at most. */
export const clientArguments = (uri: string, settings: Settings = {}): ReadonlyArray<string> => [
  "dist/client.js",
  ...flags({
    "server.uri": uri,
    "local.ip": "127.0.1.1",
    "total.clients": 10,
    "setup.interval": "50 ms",
    duration: "30 seconds",
    ...settings
  })
]

export const startClient = (uri: string, settings?: Settings, options?: Start): Program =>
  start(clientArguments(uri, settings), options)

export const reportAt = (path: string): Report => JSON.parse(readFileSync(path, "utf8"))

/** How many connections these lines of a log tell to have ended for a reason. The log tells them once a second, so they can be two lines. */
export const endedFor = (reason: RegExp, lines: ReadonlyArray<string>): number =>
  lines
    .map((line) => /closed because of ([^"]*?)(?: \((\d+) times\))?(?:"|$)/.exec(line))
    .filter((found) => found !== null && reason.test(found[1]!))
    .reduce((sum, found) => sum + Number(found![2] ?? 1), 0)
