/** Starts a process of the load client that only holds connections. */
import { type ChildProcess, fork } from "node:child_process"
import { fileURLToPath } from "node:url"

const program = fileURLToPath(new URL("../rampProcess.js", import.meta.url))

/**
 * What one process holds lives as long as its connections, and what it allocates besides is gone at once.
 *
 * A small young generation: it would keep up to 48 MB, and with this it is 3; 2,500 connections take 40 MB instead of 66, at the same CPU for
 * each message. An old one that is not collected before it has grown to what a full process takes: collecting it again and again on the
 * way up was 17 % of the CPU of a ramp. No helper threads for the collector: fifty processes on two cores have nobody to help them. (With
 * a million connections, both together: 131 µs of CPU for a set-up instead of 159, and 3.8 KB beyond the base instead of 1.6.) One malloc
 * arena does, as one thread works; that is a megabyte and a half less.
 */
const FLAGS = ["--max-semi-space-size=1", "--initial-old-space-size=128", "--single-threaded-gc"]

/** @param name for who looks at the machine's list of processes */
export const forkRampProcess = (name: string): ChildProcess =>
  fork(program, [name], {
    serialization: "advanced",
    execArgv: FLAGS,
    env: { MALLOC_ARENA_MAX: "1", ...process.env },
    // What Node itself says of an end that it cannot survive is for people; nothing else is printed.
    stdio: ["ignore", "ignore", "inherit", "ipc"]
  })
