/** A server of JSON Web Key Sets, one for each path; what is not there is a 404. */
import type { KeyObject } from "node:crypto"
import { createServer, type ServerResponse } from "node:http"
import type { AddressInfo } from "node:net"
import * as Effect from "effect/Effect"

export interface PublicKey {
  readonly key: KeyObject
  readonly kid?: string
}

export class KeyServer {
  /** What is served under a path: keys, or any body. */
  readonly sets = new Map<string, ReadonlyArray<PublicKey> | string>()
  /** Paths, in the order of the requests. */
  readonly requests: Array<string> = []
  private held: Array<() => void> | undefined
  url = ""

  /** On a free port, until the scope is closed. */
  static readonly scoped = Effect.acquireRelease(
    Effect.callback<readonly [KeyServer, ReturnType<typeof createServer>]>((resume) => {
      const keys = new KeyServer()
      const server = createServer((request, response) => keys.answer(request.url ?? "", response))
      server.listen(0, "127.0.0.1", () => {
        keys.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
        resume(Effect.succeed([keys, server]))
      })
    }),
    ([, server]) =>
      Effect.callback<void>((resume) => {
        server.close(() => resume(Effect.void))
        server.closeAllConnections()
      })
  ).pipe(Effect.map(([keys]) => keys))

  /** Leaves requests without an answer until `release`. */
  hold(): void {
    this.held ??= []
  }

  release(): void {
    const held = this.held ?? []
    this.held = undefined
    for (const answer of held) answer()
  }

  private answer(path: string, response: ServerResponse): void {
    this.requests.push(path)
    if (this.held !== undefined) this.held.push(() => this.write(path, response))
    else this.write(path, response)
  }

  private write(path: string, response: ServerResponse): void {
    const set = this.sets.get(path)
    const body =
      typeof set === "object"
        ? JSON.stringify({ keys: set.map(({ key, kid }) => ({ ...key.export({ format: "jwk" }), kid })) })
        : set
    response.writeHead(body === undefined ? 404 : 200, { "content-type": "application/json" }).end(body)
  }
}
