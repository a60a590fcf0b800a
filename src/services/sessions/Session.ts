/**
 * One client of the Centrifugo protocol, from its first command to its end: a plain object without fiber, timer or machine of its own.
 *
 * Guarantees: commands are done one at a time, in the order in which they came, and their replies keep that order; what a channel has for the
 * client comes after the reply to its subscribe command. Whatever the client sends ends at most its own connection.
 */
import { randomUUID } from "node:crypto"
import * as Cause from "effect/Cause"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import type { ClientInfo, Command } from "../../protocol/centrifuge/messages.ts"
import { type CloseReason, CloseReasons, closable } from "../../protocol/closeCodes.ts"
import { closeReasonOf, type ErrorCode, ErrorCodes, UnsubscribeCodes } from "../../protocol/codes.ts"
import type { ClientFacts, UserFacts } from "../backend/Backend.ts"
import type { Connection, ConnectionOwner } from "../hot/Connection.ts"
import type { SessionHome } from "../hot/Opening.ts"
import type { Subscriber, Subscription } from "../hot/Subscription.ts"
import { handle, isPong } from "./commands.ts"
import type { Identity } from "./connect.ts"
import { Deadlines } from "./Deadlines.ts"
import type { Handshake } from "./Handshake.ts"
import type { Answer, Failure } from "./outcome.ts"
import type { SessionEnv } from "./SessionEnv.ts"
import type { SessionSubscription } from "./SessionSubscription.ts"
import { SessionTasks, type Task } from "./SessionTasks.ts"
import { count } from "./sessionSamples.ts"
import { endAll, endSubscription } from "./unsubscribe.ts"
import type { SessionWire } from "./wires.ts"

/** "failed": its connect command was answered with an error, and nothing but the end can follow. */
export type SessionState = "new" | "connecting" | "connected" | "failed" | "ended"

/** Seconds that a client is told at most, as with Centrifugo: a year. */
const MAX_TTL = 365 * 24 * 3600

const NO_SUBSCRIPTIONS: ReadonlyMap<string, SessionSubscription> = new Map()

export class Session extends SessionTasks implements ConnectionOwner, Subscriber {
  state: SessionState = "new"
  /** Never in step with a room: what it is written differs from what others are. */
  readonly isServedAlone: boolean = false
  user = ""
  /** Of a page of the server's own: see `ConnectionClaims.login`. */
  login: string | undefined
  /** JSON that others see with the user. */
  info: Uint8Array | undefined
  /** JSON for the server and its backend. */
  meta: Uint8Array | undefined
  /** Headers that the client gave in its connect command. */
  emulatedHeaders: Readonly<Record<string, string>> | undefined
  /** What its token had the server subscribe it to; a new token may not change that. */
  tokenChannels: ReadonlySet<string> | undefined
  /** The secret by which commands reach a one-way connection. */
  sessionId: string | undefined
  readonly deadlines = new Deadlines(this)
  /** How it ended, if we ended it. */
  endedWith: CloseReason | undefined
  #wasConnected = false
  #subscriptions: Map<string, SessionSubscription> | undefined
  /** Who it is, where that had to be found out before. */
  identity: Identity | undefined

  constructor(
    env: SessionEnv,
    connection: Connection,
    readonly home: SessionHome,
    wire: SessionWire,
    readonly handshake: Handshake,
    readonly client: string = randomUUID()
  ) {
    super(env, connection, wire)
  }

  /** Takes its connection over. */
  begin(): void {
    const { connection, handshake, env } = this
    connection.owner = this
    connection.attachment = this
    this.home.enter(connection)
    if (handshake.hasFramePings) env.framePings.opened(connection)
    this.deadlines.begin()
  }

  get subscriptions(): ReadonlyMap<string, SessionSubscription> {
    return this.#subscriptions ?? NO_SUBSCRIPTIONS
  }

  addSubscription(subscription: SessionSubscription): void {
    this.#subscriptions ??= new Map()
    this.#subscriptions.set(subscription.channel, subscription)
    this.env.registry.subscriptions++
  }

  removeSubscription(channel: string): void {
    if (this.#subscriptions?.delete(channel) === true) this.env.registry.subscriptions--
  }

  /** As others see it. */
  clientInfo(chanInfo?: Uint8Array): ClientInfo {
    return { user: this.user, client: this.client, connInfo: this.info, chanInfo }
  }

  /** Whether pings are to be answered. */
  get wantsPongs(): boolean {
    const { pingInterval, pongTimeout } = this.env.config.client
    return (
      !this.wire.isUnidirectional &&
      Duration.toMillis(pongTimeout) > 0 &&
      Duration.toMillis(pingInterval) > 0 &&
      this.handshake.hasPings
    )
  }

  /** Seconds that are left until then; nothing where it does not expire. */
  expiresIn(expireAt: number | undefined): { readonly expires?: boolean; readonly ttl?: number } {
    if (expireAt === undefined) return {}
    const seconds = Math.ceil(expireAt - this.env.now() / 1000)
    return { expires: true, ttl: Math.min(MAX_TTL, Math.max(0, seconds)) }
  }

  /** For the backend. */
  clientFacts(): ClientFacts {
    const { client, wire, handshake, emulatedHeaders = {} } = this
    const { transport, headers } = handshake
    const encoding = wire.isBinary ? "binary" : "json"
    return { client, transport, protocol: wire.format, encoding, headers, emulatedHeaders }
  }

  userFacts(): UserFacts {
    return { ...this.clientFacts(), user: this.user, meta: this.meta }
  }

  // What comes in.

  message(_: Connection, data: Uint8Array): void {
    if (!this.admits(data.length)) return this.disconnect(CloseReasons.tooManyRequests)
    this.together(() => {
      const commands = this.wire.decode(data)
      if (commands === undefined) this.disconnect(CloseReasons.badRequest)
      else this.receive(commands)
    })
  }

  /** Commands of one frame. Their replies go out together as far as they are there at once. */
  receive(commands: ReadonlyArray<Command>): void {
    if (this.state === "failed") return this.disconnect(CloseReasons.badRequest)
    this.together(() => {
      for (const command of commands) {
        // The rest of a frame whose connect command failed is dropped.
        if (this.state === "ended" || this.state === "failed") return
        // Pongs wait for no command but the first: before that is done nobody has asked for one.
        if (isPong(command) && this.state === "connected") this.#pong()
        else
          this.#take({
            id: command.id,
            isConnect: command.connect !== undefined,
            begin: () => handle(this, command)
          })
      }
    })
  }

  /** What it is asked to do from elsewhere, in order with the commands of the client. */
  do(begin: Task["begin"]): void {
    this.together(() => this.#take({ id: undefined, isConnect: false, begin }))
  }

  #pong(): void {
    if (!this.deadlines.ponged()) this.disconnect(CloseReasons.badRequest)
  }

  #take(task: Task): void {
    if (!this.take(task)) this.disconnect(CloseReasons.tooManyRequests)
  }

  protected get isOver(): boolean {
    return this.state === "ended"
  }

  protected done(task: Task, exit: Exit.Exit<Answer, Failure>): void {
    // What it made after the end, or before it heard of it, is nobody's.
    if (this.state === "ended") return endAll(this)
    if (exit._tag === "Success") {
      const { reply, after } = exit.value
      if (this.wire.isUnidirectional) {
        if (reply.connect !== undefined) this.push({ connect: reply.connect })
      } else if (task.id !== undefined) this.reply({ id: task.id, ...reply })
      after?.()
      return
    }
    const failure = Option.getOrUndefined(Cause.findErrorOption(exit.cause))
    if (failure === undefined) {
      this.env.fork(Effect.logError("a command of a client failed unexpectedly", exit.cause))
      this.#error(task, ErrorCodes.internal)
    } else if (failure._tag === "Closed") this.disconnect(failure.why)
    else this.#error(task, failure.error)
  }

  #error({ id, isConnect }: Task, error: ErrorCode): void {
    // Who gets no replies is told by the end of the connection.
    if (this.wire.isUnidirectional) return isConnect ? this.disconnect(this.#closeReasonOf(error)) : undefined
    const { code, message, isTemporary } = error
    count(this.env.counters.errors, code)
    if (isConnect) {
      this.state = "failed"
      this.forgetWaiting()
      this.deadlines.failed()
      endAll(this)
    }
    if (id !== undefined) this.reply({ id, error: { code, message, temporary: isTemporary } })
  }

  #closeReasonOf(error: ErrorCode): CloseReason {
    const { connectCodeToUnidirectionalDisconnect } = this.env.config.client
    const mapped = connectCodeToUnidirectionalDisconnect.find((one) => one.error === error.code)
    return mapped ?? closeReasonOf(error)
  }

  // Subscriptions that a room finds fault with.

  insufficient(subscription: Subscription): void {
    if (this.subscriptions.get(subscription.room.channel) !== subscription) return
    this.env.counters.insufficient++
    const { isServerSide } = subscription as SessionSubscription
    if (isServerSide) this.disconnect(CloseReasons.insufficientState)
    else endSubscription(this, subscription as SessionSubscription, UnsubscribeCodes.insufficient)
  }

  inappropriate(): void {
    this.disconnect(CloseReasons.inappropriateProtocol)
  }

  // The end.

  protected override unwritten(): void {
    // A connection that is closing takes nothing either, and has been told why.
    if (this.state === "ended") return
    this.env.slow.foundFull(this.connection, "closed")
    this.disconnect(CloseReasons.slow)
  }

  protected override failed(defect: unknown): void {
    this.env.fork(Effect.logError("a client session failed unexpectedly", Cause.die(defect)))
    this.disconnect(CloseReasons.serverError)
  }

  end(_: Connection, why: CloseReason): void {
    this.disconnect(why)
  }

  /** Ends the connection; the client is told why. */
  disconnect(asked: CloseReason): void {
    if (this.state === "ended") return
    const why = closable(asked)
    this.endedWith = why
    // From here on nothing that fails to be written matters.
    this.state = "ended"
    if (why === CloseReasons.slow) this.drop()
    else {
      if (!this.wire.hasCloseFrames || this.handshake.wantsDisconnectPush)
        this.push({ disconnect: { code: why.code, reason: why.reason } })
      this.flush()
    }
    this.#leave()
    this.connection.close(why)
  }

  /** The connection is gone, or about to go. */
  left(): void {
    this.#leave()
  }

  #leave(): void {
    this.state = "ended"
    this.home.leave(this.connection)
    this.deadlines.end()
    this.env.registry.remove(this)
    if (this.sessionId !== undefined) this.env.registry.forget(this.sessionId)
    this.stopTasks()
    endAll(this)
  }

  /** Whether it is a page of the server's own. */
  get isOwn(): boolean {
    return this.login !== undefined
  }

  /** Told once, when the socket is gone. */
  gone(code: number): void {
    if (!this.#wasConnected || this.isOwn) return
    const { client, user, endedWith } = this
    const why = endedWith ?? { code, reason: "" }
    this.env.events.tell({ _tag: "Disconnected", client, user, code: why.code, reason: why.reason })
  }

  /** The connect command succeeded. */
  connected(): void {
    this.state = "connected"
    this.#wasConnected = true
    this.env.registry.add(this)
  }
}
