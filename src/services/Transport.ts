/**
 * The transport contract: how sockets come and go. Two implementations, `UwsTransport` and `WsTransport`, are held to one suite
 * (test/contract/transport.test.ts).
 *
 * Guarantees: a connection that is admitted is opened once and closed once; messages to one connection go out in the order in which
 * they were sent; a client that does not read costs at most `limits.sendBuffer` bytes and one drain (1 MiB, or one larger message); nothing a client sends can
 * end another connection or the process. Any path that is not an HTTP route accepts the upgrade.
 */
import * as Context from "effect/Context"
import * as Data from "effect/Data"
import type * as Effect from "effect/Effect"
import * as Runtime from "effect/Runtime"
import type * as Scope from "effect/Scope"
import type { Refusal } from "./hot/Admission.ts"
import type { FanOut } from "./hot/FanOut.ts"
import type { Intake } from "./hot/Intake.ts"

/** The server cannot listen: port in use, address not here, no right to it, or an unusable certificate. Exit code 69 of sysexits.h. */
export class ListenFailed extends Data.TaggedError("ListenFailed")<{
  readonly ip: string
  readonly port: number
  readonly reason: "portInUse" | "addressNotAvailable" | "notPermitted" | "tls" | "other"
  readonly detail: string
}> {
  override readonly [Runtime.errorExitCode] = 69

  override get message(): string {
    const what = {
      portInUse: "the port is in use by another process",
      addressNotAvailable: "this machine does not have that address",
      notPermitted: "this user may not listen on that port",
      tls: "the certificate or key cannot be used",
      other: "the system refused"
    }[this.reason]
    return `cannot listen on ${this.ip}:${this.port}: ${what} (${this.detail})`
  }
}

/** What a hook sees of a handshake; a copy, good for as long as it is kept. */
export interface ConnectRequest {
  /** Path and query: "/news?a=1". */
  readonly url: string
  /** Header names in lower case. */
  readonly headers: ReadonlyMap<string, string>
  /** The client's address as text. */
  readonly address: string
}

/** A hook's answer: refuse, or accept with what `connection.attachment` shall be. */
export type Decision = { readonly refusal: Refusal } | { readonly attachment: unknown }

/** Answers a plain HTTP request. It does not reject. */
export type HttpHandler = (request: Request) => Promise<Response>

export interface ListenOptions {
  readonly intake: Intake
  /** Asked after the checks and limits of the handshake; absent where nobody wants to be asked, which is faster. */
  readonly decide: ((request: ConnectRequest) => Promise<Decision>) | undefined
  readonly http: HttpHandler
  /** Where several processes share a port: the port, which was probed before. Without it, `server.port` is probed and nobody else's. */
  readonly sharedPort?: number | undefined
}

export interface Listener {
  /** The port that was bound: the given one, or a free one for 0. */
  readonly port: number
  /** Takes no new connection from here on; the open ones stay. Closing the scope ends those too, at once. */
  readonly stopAccepting: Effect.Effect<void>
}

export class Transport extends Context.Service<
  Transport,
  {
    readonly name: "uws" | "ws"
    readonly fanOut: FanOut
    readonly listen: (options: ListenOptions) => Effect.Effect<Listener, ListenFailed, Scope.Scope>
  }
>()("clarion/services/Transport") {}
