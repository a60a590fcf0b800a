/** The driver process as the bench sees it: one answer for each order, each within its time. */
import type { ChildProcess } from "node:child_process"
import { fileURLToPath } from "node:url"
import { end, Failed, start } from "../support/children.ts"
import type { Answer, Kind, Order, Work } from "./orders.ts"

const program = fileURLToPath(new URL("./driver.js", import.meta.url))

export class DriverProcess {
  private readonly child: ChildProcess

  constructor(core: number | undefined) {
    this.child = start({
      command: [process.execPath, program],
      core,
      stdio: ["ignore", "inherit", "inherit", "ipc"]
    })
  }

  get pid(): number {
    if (this.child.pid === undefined) throw new Failed("the driver process did not start")
    return this.child.pid
  }

  async order<K extends Kind>(kind: K, order: Work[K][0], withinMs: number): Promise<Work[K][1]> {
    const answer = await this.ask({ kind, ...order } as Order, withinMs)
    if ("failed" in answer) throw new Failed(answer.failed)
    return answer.done as Work[K][1]
  }

  end(): Promise<void> {
    return end(this.child)
  }

  private ask(order: Order, withinMs: number): Promise<Answer> {
    const { child } = this
    return new Promise<Answer>((resolve, reject) => {
      const onMessage = (answer: Answer) => settle(() => resolve(answer))
      const onExit = (code: number | null, signal: string | null) =>
        fail(`the driver ended with ${signal ?? code}`)
      const fail = (why: string) => settle(() => reject(new Failed(why)))
      const timer = setTimeout(() => fail(`the driver did not answer within ${withinMs} ms`), withinMs)
      const settle = (act: () => void) => {
        clearTimeout(timer)
        child.off("message", onMessage).off("exit", onExit)
        act()
      }
      child.once("message", onMessage).once("exit", onExit)
      child.send(order, (error) => {
        if (error !== null) fail(`the driver cannot be reached: ${error.message}`)
      })
    })
  }
}
