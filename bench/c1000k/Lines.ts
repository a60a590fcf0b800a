/** What a program prints, line by line: to wait for one, and to see all of a kind. */
import type { ChildProcess } from "node:child_process"
import { createInterface } from "node:readline"
import { Failed } from "../support/children.ts"

/** Lines kept for the message of a failure. */
const KEPT = 5

export class Lines {
  readonly #latest: Array<string> = []
  /** How the program ended. */
  #ended: string | undefined
  readonly #waiting = new Set<{
    readonly see: (line: string) => void
    readonly fail: (why: string) => void
  }>()

  /** @param onLine called for each line */
  constructor(
    readonly name: string,
    readonly child: ChildProcess,
    readonly onLine: (line: string) => void = () => {}
  ) {
    for (const stream of [child.stdout, child.stderr]) {
      if (stream !== null) createInterface({ input: stream }).on("line", this.#take)
    }
    child.once("exit", (code, signal) => this.#end(`${name} ended with ${signal ?? code}`))
  }

  /** The first line from now on that matches, or a failure: it did not come in time, or the program ended. */
  next(pattern: RegExp, withinMs: number): Promise<RegExpExecArray> {
    return new Promise((resolve, reject) => {
      const settle = (act: () => void) => {
        clearTimeout(timer)
        this.#waiting.delete(waiter)
        act()
      }
      const waiter = {
        see: (line: string) => {
          const found = pattern.exec(line)
          if (found !== null) settle(() => resolve(found))
        },
        fail: (why: string) =>
          settle(() =>
            reject(new Failed([why, ...this.#latest.map((line) => line.slice(0, 300))].join("\n  ")))
          )
      }
      const timer = setTimeout(
        () => waiter.fail(`${this.name}: no ${pattern} in ${withinMs / 1000} s`),
        withinMs
      )
      this.#waiting.add(waiter)
      if (this.#ended !== undefined) waiter.fail(this.#ended)
    })
  }

  readonly #take = (line: string): void => {
    this.#latest.push(line)
    if (this.#latest.length > KEPT) this.#latest.shift()
    this.onLine(line)
    for (const { see } of this.#waiting) see(line)
  }

  #end(why: string): void {
    this.#ended = why
    for (const { fail } of this.#waiting) fail(why)
  }
}
