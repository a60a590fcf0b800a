/**
 * The Centrifugo client protocol in JSON, as far as one subscription needs it: connect and subscribe in one frame, answer pings, follow
 * the offsets of publications, and recover what was missed after a return. As light as a raw connection: a publication is read where it
 * lies, and only answers, of which there are few, are parsed.
 */
import * as Predicate from "effect/Predicate"
import type { ClientSocket } from "../ClientSocket.ts"
import { STAMP_DIGITS, stampAt } from "../metrics/stamp.ts"
import type { Dialect, Listener } from "./Dialect.ts"
import { PublicationLine } from "./publicationLine.ts"
import type { Refusal, Session } from "./Session.ts"

const CONNECT = 1
const SUBSCRIBE = 2
const PONG = Buffer.from("{}")
/** A ping is "{}", too, and nothing else is as short. */
const PING_BYTES = PONG.length
const NEWLINE = 0x0a
/** From this code on, "unsubscribed" means that the client shall subscribe again. */
const RESUBSCRIBE_FROM = 2500
/** Errors below are of the transport, and may pass. */
const FIRST_OF_SERVER = 100

export interface CentrifugeOptions {
  readonly channel: string
  readonly token?: string | undefined
}

interface Answer {
  readonly id?: number
  readonly error?: { readonly code?: number; readonly message?: string; readonly temporary?: boolean }
  readonly connect?: { readonly pong?: boolean }
  readonly subscribe?: Subscribed
  readonly push?: {
    readonly channel?: string
    readonly pub?: Published
    readonly unsubscribe?: { readonly code?: number; readonly reason?: string }
    readonly disconnect?: { readonly code?: number; readonly reason?: string }
  }
}
interface Published {
  readonly data?: unknown
  readonly offset?: number
}
interface Subscribed {
  readonly epoch?: string
  readonly offset?: number
  readonly recovered?: boolean
  readonly publications?: ReadonlyArray<Published>
}

export class CentrifugeDialect implements Dialect {
  readonly #line: PublicationLine
  /** The epoch that was told last: one text for all sessions. */
  #epoch = ""
  /** Whether the server wants its pings answered. */
  #pongs = true

  constructor(
    readonly options: CentrifugeOptions,
    readonly listener: Listener
  ) {
    this.#line = new PublicationLine(options.channel)
  }

  opened(socket: ClientSocket): void {
    const { token } = this.options
    const connect = JSON.stringify({ id: CONNECT, connect: token === undefined ? {} : { token } })
    socket.sendText(`${connect}\n${this.#subscribe(socket.session!)}`)
  }

  message(socket: ClientSocket, bytes: Buffer, at: number): void {
    let from = 0
    while (from < bytes.length) {
      const newline = bytes.indexOf(NEWLINE, from)
      const to = newline < 0 ? bytes.length : newline
      if (to > from) this.#read(socket, bytes, from, to, at)
      from = to + 1
    }
  }

  #read(socket: ClientSocket, bytes: Buffer, from: number, to: number, at: number): void {
    const session = socket.session!
    const line = this.#line
    if (to - from === PING_BYTES) return this.#pongs ? void socket.sendText(PONG) : undefined
    const hasOffset = session.epoch !== ""
    if (!session.isReady || !line.read(bytes, from, to, hasOffset)) {
      if (!line.isPresence(bytes, from, to)) this.#answered(socket, bytes.toString("utf8", from, to), at)
      return
    }
    if (hasOffset ? this.#follow(session, line.offset) : this.#count(session, line.sequence)) {
      const { stampFrom } = line
      const payload = stampFrom < 0 ? bytes : bytes.subarray(stampFrom, stampFrom + STAMP_DIGITS)
      this.listener.payload(socket, payload, at)
    }
  }

  #answered(socket: ClientSocket, text: string, at: number): void {
    const answer = parsed(text)
    if (answer === undefined) return this.#refused(socket, "an answer that is not JSON", false)
    const { id, error, connect, subscribe, push } = answer
    if (connect !== undefined) this.#pongs = connect.pong === true
    if (error !== undefined) {
      const { code = 0, message = "", temporary = false } = error
      const what = id === CONNECT ? "connect" : "subscribe"
      return this.#refused(
        socket,
        `${what} answered with ${code} ${message}`,
        temporary || code < FIRST_OF_SERVER
      )
    }
    if (subscribe !== undefined && id === SUBSCRIBE) this.#subscribed(socket, subscribe, at)
    else if (push?.channel === this.options.channel) this.#pushed(socket, push, at)
  }

  #pushed(socket: ClientSocket, { pub, unsubscribe }: NonNullable<Answer["push"]>, at: number): void {
    const session = socket.session!
    if (unsubscribe !== undefined) {
      const { code = 0, reason = "" } = unsubscribe
      if (code < RESUBSCRIBE_FROM) return this.#refused(socket, `unsubscribed with ${code} ${reason}`, false)
      socket.sendText(this.#subscribe(session))
    } else if (pub !== undefined && session.isReady) {
      const bytes = Buffer.from(JSON.stringify(pub.data ?? null))
      const from = stampAt(bytes, 0, bytes.length)
      const isNew =
        session.epoch === ""
          ? this.#count(session, sequenceOf(pub.data))
          : this.#follow(session, pub.offset ?? 0)
      if (isNew)
        this.listener.payload(socket, from < 0 ? bytes : bytes.subarray(from, from + STAMP_DIGITS), at)
    }
  }

  /** The subscription stands. `offset` is where the publications that come with it begin; without them, where the channel is. */
  #subscribed(socket: ClientSocket, answer: Subscribed, at: number): void {
    const session = socket.session!
    const { epoch = "", offset = 0, recovered = false, publications = [] } = answer
    // One that was ready and subscribes anew, as the server asked for, goes on as one that is back.
    const isBack = session.isAway || session.isReady
    if (isBack && recovered) for (const { offset = 0 } of publications) this.#follow(session, offset)
    else {
      if (isBack) this.#gap(session, epoch, offset)
      session.offset = offset
    }
    if (epoch !== this.#epoch) this.#epoch = epoch
    session.epoch = this.#epoch
    if (isBack) this.listener.resumed(recovered, publications.length)
    if (!session.isReady) this.listener.ready(socket, at)
  }

  /** What a connection missed that is back and recovers nothing. */
  #gap(session: Session, epoch: string, offset: number): void {
    if (epoch !== "" && session.epoch === epoch) this.listener.missed(Math.max(0, offset - session.offset))
    // A new stream: all of it was missed, and nobody knows how much of the one before.
    else if (session.epoch !== "") this.listener.missed(null)
    // Without history the numbers of the client's own publications tell, when the next one comes.
    else if (session.sequence === 0) this.listener.missed(null)
  }

  /** Goes on to the publication at `offset`, 0 for one that is in no history; false for one that was there before. */
  #follow(session: Session, offset: number): boolean {
    if (offset === 0) return true
    const next = session.offset + 1
    if (offset < next) {
      this.listener.duplicate()
      return false
    }
    if (offset > next) this.listener.missed(offset - next)
    session.offset = offset
    return true
  }

  /** Goes on to the client's own publication of this number; any other has 0. */
  #count(session: Session, sequence: number): boolean {
    if (sequence === 0) return true
    if (session.sequence !== 0) {
      if (sequence <= session.sequence) {
        this.listener.duplicate()
        return false
      }
      if (sequence > session.sequence + 1) this.listener.missed(sequence - session.sequence - 1)
    }
    session.sequence = sequence
    return true
  }

  #subscribe({ epoch, offset }: Session): string {
    const since = epoch === "" ? {} : { recover: true, epoch, offset }
    const { channel } = this.options
    return JSON.stringify({
      id: SUBSCRIBE,
      subscribe: { channel, positioned: true, recoverable: true, ...since }
    })
  }

  #refused(socket: ClientSocket, why: string, mayPass: boolean): void {
    const refusal: Refusal = { why, mayPass }
    this.listener.refused(socket, refusal)
  }
}

const parsed = (text: string): Answer | undefined => {
  try {
    const value: unknown = JSON.parse(text)
    return Predicate.isObject(value) ? (value as Answer) : undefined
  } catch {
    return undefined
  }
}

const sequenceOf = (data: unknown): number =>
  Predicate.hasProperty(data, "seq") && Number.isSafeInteger(data.seq) ? (data.seq as number) : 0
