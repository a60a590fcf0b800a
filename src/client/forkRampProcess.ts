/** Starts a process of the load client that only holds connections. */
import { type ChildProcess, fork } from "node:child_process"
import { fileURLToPath } from "node:url"

const program = fileURLToPath(new URL("../rampProcess.js", import.meta.url))

/** @param name for who looks at the machine's list of processes */
export const forkRampProcess = (name: string): ChildProcess =>
  fork(program, [name], {
    serialization: "advanced",
    execArgv: [],
    // What Node itself says of an end that it cannot survive is for people; nothing else is printed.
    stdio: ["ignore", "ignore", "inherit", "ipc"]
  })
