/** The same request over and over, on several connections, each with as many under way as it may have. */

import { apiProblem, apiRequest, HttpConnection } from "./HttpConnection.ts"
import type { Loaded, LoadOrder } from "./orders.ts"

export class HttpLoad {
  private readonly request: Buffer
  private requests = 0
  private underWay = 0
  private isOver = false
  private finish: (problem?: string) => void = () => {}

  constructor(private readonly order: LoadOrder) {
    this.request = apiRequest(order.path, order.body)
  }

  /** Requests that were answered, and the time that they took; an answer that is an error ends it. */
  async run(): Promise<Loaded> {
    const { port, connections, forMs } = this.order
    const over = new Promise<string | undefined>((resolve) => {
      this.finish = resolve
    })
    const startedAt = performance.now()
    const all = Array.from({ length: connections }, () => this.connection(port))
    setTimeout(() => {
      this.isOver = true
    }, forMs)
    const problem = await over
    for (const connection of all) connection.end()
    if (problem !== undefined) throw new Error(problem)
    return { requests: this.requests, seconds: (performance.now() - startedAt) / 1000 }
  }

  private connection(port: number): HttpConnection {
    const connection: HttpConnection = new HttpConnection(
      port,
      (status, body) => {
        this.underWay--
        const problem = apiProblem(status, body)
        if (problem !== undefined) return this.finish(problem)
        this.requests++
        if (!this.isOver) this.send(connection)
        else if (this.underWay === 0) this.finish()
      },
      (why) => this.finish(why)
    )
    for (let i = 0; i < this.order.pipelined; i++) this.send(connection)
    return connection
  }

  private send(connection: HttpConnection): void {
    this.underWay++
    connection.write(this.request)
  }
}
