/**
 * The transport contract: how sockets come and go. Two implementations, `UwsTransport` and `WsTransport`, are held to one suite
 * (test/contract/transport.test.ts).
 *
 * Guarantees: a connection that is admitted is opened once and closed once; messages to one connection go out in the order in which
 * they were sent; a client that does not read costs at most the bytes that its connection may have waiting (`limits.sendBuffer`,
 * `client.queueMaxSize`) and one drain (1 MiB, or one larger message); nothing a client sends can end another connection or the process.
 * Every path accepts the upgrade that is not the server's own. A connection is a WebSocket or a stream: the body of an HTTP answer that goes
 * on until one side ends it.
 */
import * as Context from "effect/Context"
import * as Data from "effect/Data"
import type * as Effect from "effect/Effect"
import * as Runtime from "effect/Runtime"
import type * as Scope from "effect/Scope"
import type { Refusal } from "./hot/Admission.ts"
import type { FanOut } from "./hot/FanOut.ts"
import type { Intake } from "./hot/Intake.ts"
import type { Opening } from "./hot/Opening.ts"

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

/** An HTTP request with its whole body; a copy, good for as long as it is kept. */
export interface PlainRequest {
  /** In upper case. */
  readonly method: string
  /** As it came, percent-encoded: "/news/a%20b". */
  readonly path: string
  /** What follows the first "?", as it came; empty without one. */
  readonly query: string
  /** Header names in lower case; values of one that came twice are joined by ", " ("; " for cookies). */
  readonly headers: ReadonlyMap<string, string>
  readonly body: Buffer
  /** The client's address as text; to be read before the answer is given. */
  readonly address: string
}

export type AnswerHeaders = ReadonlyArray<readonly [name: string, value: string]>

/** A whole answer. The transport adds its length. */
export interface PlainAnswer {
  readonly status: number
  readonly headers: AnswerHeaders
  /** Text goes out as UTF-8. */
  readonly body: Uint8Array | string
}

/**
 * An answer with status 200 whose body goes on: a connection, if it is admitted; else the client gets the refusal. The head goes out with
 * `first` or, without it, with the first bytes that are sent.
 */
export interface StreamAnswer {
  readonly headers: AnswerHeaders
  readonly opening: Opening
  /** Not empty. */
  readonly first?: Uint8Array | undefined
}

/** Answers a plain HTTP request. It neither throws nor rejects; what is answered at once costs no promise. */
export type PlainHandler = (request: PlainRequest) => Promise<PlainAnswer> | PlainAnswer

export type HttpAnswer = PlainAnswer | StreamAnswer
export type HttpHandler = (request: PlainRequest) => Promise<HttpAnswer> | HttpAnswer

/** What becomes of a handshake on a path of its own; `protocol` is the subprotocol to answer, "" for none. */
export type Acceptance =
  | { readonly refusal: Refusal }
  | { readonly opening: Opening; readonly protocol: string }

export type UpgradeRoute = (request: ConnectRequest) => Acceptance

export interface ListenOptions {
  readonly intake: Intake
  /**
   * Asked after the checks and limits of a handshake or stream; absent where nobody wants to be asked, which is faster. The attachment
   * is for raw connections only.
   */
  readonly decide: ((request: ConnectRequest) => Promise<Decision>) | undefined
  /** Handshakes that become connections of sessions, by path; on other paths of the server's own they are refused, on all others raw. */
  readonly upgrades?: ReadonlyMap<string, UpgradeRoute> | undefined
  /** Those on any other path whose query names channels; without it they become raw connections, too. */
  readonly upgradeWithChannels?: UpgradeRoute | undefined
  readonly http: HttpHandler
  /** Bytes that the body of a request to these paths may have; to others `limits.requestSize`. */
  readonly bodyLimits?: ReadonlyMap<string, number> | undefined
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
