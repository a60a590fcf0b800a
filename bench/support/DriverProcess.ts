/** A process that obeys orders over the process channel: one answer for each order, each within its time. */
import type { ChildProcess } from "node:child_process"
import { end, Failed, start } from "./children.ts"

export class DriverProcess<Order extends object, Answer extends object> {
  private readonly child: ChildProcess

  /** @param file the compiled program of the process */
  constructor(file: string, core: number | undefined) {
    this.child = start({
      command: [process.execPath, file],
      core,
      stdio: ["ignore", "inherit", "inherit", "ipc"]
    })
  }

  get pid(): number {
    if (this.child.pid === undefined) throw new Failed("the driver process did not start")
    return this.child.pid
  }

  order(order: Order, withinMs: number): Promise<Answer> {
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

  end(): Promise<void> {
    return end(this.child)
  }
}
