/** Schedules that are made over HTTP, and when what they publish reaches a client. */
import type { ClientSocket } from "clarion/client/ClientSocket"
import { LatencyHistogram } from "clarion/client/metrics/LatencyHistogram"
import { Clients } from "./Clients.ts"
import { apiProblem, apiRequest, HttpConnection } from "./HttpConnection.ts"
import type { Fired, FireOrder } from "./orders.ts"

/** Each with one request under way. */
const CONNECTIONS = 64
/** Time for all of them to be made, and to come after the last one's time. */
const MAKE_MS = 60_000
const COME_MS = 30_000

/** One raw connection that hears everything. */
export class Firing extends Clients {
  private readonly lateMs = new LatencyHistogram()
  private readonly seen: Set<number> = new Set()
  private early = 0
  private repeated = 0
  private isMade = false

  constructor(private readonly fireOrder: FireOrder) {
    super(
      { port: fireOrder.port, dialect: "rawJson", connections: 1, channels: 1, prefix: "" },
      { path: "/", pending: 1 }
    )
  }

  async fire(): Promise<Fired> {
    const { count, apartMs, aheadMs } = this.fireOrder
    await this.open()
    const makingMs = Math.max(1_000, count)
    const first = Date.now() + makingMs + aheadMs
    const isOnTime = this.wait(MAKE_MS)
    this.make(first)
    await isOnTime
    if (!this.isMade || Date.now() > first) throw new Error(this.problem ?? "they were not made in time")
    await this.wait(first - Date.now() + count * apartMs + COME_MS)
    for (const socket of this.sockets) socket.terminate()
    return {
      lateMs: this.lateMs.summary(),
      early: this.early,
      missing: count - this.seen.size,
      repeated: this.repeated
    }
  }

  onOpen(): void {
    this.isReady()
  }

  onText(_: ClientSocket, bytes: Buffer): void {
    const now = performance.timeOrigin + performance.now()
    const { at, number } = JSON.parse(bytes.toString()) as { readonly at: number; readonly number: number }
    if (this.seen.has(number)) this.repeated++
    this.seen.add(number)
    // The two clocks differ by less than that.
    if (now < at - 1) this.early++
    this.lateMs.record(Math.max(0, now - at))
    if (this.seen.size === this.fireOrder.count) this.wake()
  }

  private make(first: number): void {
    const { port, count, apartMs } = this.fireOrder
    const connections: Array<HttpConnection> = []
    let [sent, answered] = [0, 0]
    const send = (connection: HttpConnection) => {
      if (sent === count) return
      const number = sent++
      const at = Math.floor(first + number * apartMs)
      const template = { at: "{{dueMs}}", number }
      connection.write(
        apiRequest("/api/schedules", JSON.stringify({ at, channels: ["broadcast"], template }))
      )
    }
    const onAnswer = (connection: HttpConnection, status: number, body: Buffer) => {
      const problem = apiProblem(status, body)
      if (problem !== undefined) return this.failed(problem)
      answered++
      send(connection)
      if (answered < count) return
      this.isMade = true
      for (const one of connections) one.end()
      this.wake()
    }
    for (let i = 0; i < Math.min(CONNECTIONS, count); i++) {
      const connection: HttpConnection = new HttpConnection(
        port,
        (status, body) => onAnswer(connection, status, body),
        (why) => this.failed(why)
      )
      connections.push(connection)
      send(connection)
    }
  }
}
