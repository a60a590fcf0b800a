/** Starts a process of the load client that only holds connections. */
import { type ChildProcess, fork } from "node:child_process"
import { fileURLToPath } from "node:url"

const program = fileURLToPath(new URL("../rampProcess.js", import.meta.url))

/**
 * A process's heap would keep up to 48 MB for what is young; nearly all that is allocated here either lives as long as a connection or is
 * gone at once. With this it is 3 MB: 2,500 connections take 40 MB instead of 66, at the same CPU for each message. One malloc arena
 * does, as one thread works; that is another megabyte and a half.
 */
const FLAGS = ["--max-semi-space-size=1"]

/** @param name for who looks at the machine's list of processes */
export const forkRampProcess = (name: string): ChildProcess =>
  fork(program, [name], {
    serialization: "advanced",
    execArgv: FLAGS,
    env: { MALLOC_ARENA_MAX: "1", ...process.env },
    // What Node itself says of an end that it cannot survive is for people; nothing else is printed.
    stdio: ["ignore", "ignore", "inherit", "ipc"]
  })
