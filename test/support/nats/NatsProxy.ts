/** A TCP way to a NATS server that a test can cut, or that loses what the server says. It ends with the scope. */
import { once } from "node:events"
import { type AddressInfo, createServer, connect as dial, type Server, type Socket } from "node:net"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { NatsServer } from "./NatsServer.ts"

export class NatsProxy {
  readonly #sockets = new Set<Socket>()
  #state: "whole" | "cut" | "losing answers" = "whole"
  /** What is to be passed on later; undefined: it is passed on as it comes. */
  #held: Array<() => void> | undefined

  private constructor(
    readonly server: Server,
    readonly to: number,
    readonly delayMs: number
  ) {
    server.on("connection", (socket) => this.#join(socket))
  }

  /** In front of a server. @param delayMs that it takes each way, as if the server were far away */
  static before(
    { port }: Pick<NatsServer, "port">,
    delayMs = 0
  ): Effect.Effect<NatsProxy, never, Scope.Scope> {
    return Effect.acquireRelease(
      Effect.promise(async () => {
        const server = createServer().listen(0, "127.0.0.1")
        await once(server, "listening")
        return new NatsProxy(server, port, delayMs)
      }),
      (proxy) =>
        Effect.sync(() => {
          proxy.cut()
          proxy.server.close()
        })
    )
  }

  get url(): string {
    return `nats://127.0.0.1:${(this.server.address() as AddressInfo).port}`
  }

  /** Ends all connections, and every new one at once. */
  cut(): void {
    this.#state = "cut"
    this.#end()
  }

  /** What is sent arrives, and nothing comes back. */
  loseAnswers(): void {
    this.#state = "losing answers"
  }

  /** What was lost is lost: connections are made anew. */
  restore(): void {
    this.#state = "whole"
    this.#end()
  }

  /** Nothing gets through either way, until it is released. */
  hold(): void {
    this.#held = []
  }

  release(): void {
    const held = this.#held ?? []
    this.#held = undefined
    for (const write of held) this.#pass(write)
  }

  #end(): void {
    for (const socket of this.#sockets) socket.destroy()
    this.#sockets.clear()
  }

  #join(inner: Socket): void {
    inner.on("error", () => {})
    if (this.#state === "cut") return void inner.destroy()
    const outer = dial(this.to, "127.0.0.1")
    outer.on("error", () => {})
    for (const [socket, twin] of [
      [inner, outer],
      [outer, inner]
    ] as const) {
      this.#sockets.add(socket)
      socket.on("close", () => {
        this.#sockets.delete(socket)
        twin.destroy()
      })
    }
    inner.on("data", (data) => this.#pass(() => outer.write(data)))
    outer.on("data", (data) => {
      if (this.#state === "whole") this.#pass(() => inner.write(data))
    })
  }

  #pass(write: () => void): void {
    if (this.#held !== undefined) this.#held.push(write)
    else if (this.delayMs === 0) write()
    else setTimeout(write, this.delayMs)
  }
}
