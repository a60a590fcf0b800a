/**
 * In the primary: does what one worker asks, for one of its lives, and keeps what is the worker's: the channels that it
 * listens to, and the clients that are present there.
 *
 * Guarantees: questions are begun in the order in which they came, and each is answered once. When it is closed, the
 * worker listens to nothing, nobody of it is present, and what it had asked last is not done any more.
 */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import type { Broker, BrokerUnavailable } from "../broker/Broker.ts"
import type { Hub, HubMember } from "../Hub.ts"
import { ownInfo } from "../ownBytes.ts"
import type { Presence } from "../Presence.ts"
import type { ToWorker } from "./messages.ts"
import { Outbox } from "./Outbox.ts"
import { sizeOfAnswer } from "./questionSize.ts"
import type { Answer, Question, Said } from "./questions.ts"

/** Bytes of answers that have not left the process; a single one may have more. Beyond, nothing long is answered. */
export const MAX_UNSENT_BYTES = 64 * 1_048_576
/** What is longer than this is a long answer. */
const LONG_ANSWER = 1024

export interface DeskEnv {
  readonly hub: Hub["Service"]
  readonly broker: Broker["Service"]
  readonly presence: Presence["Service"]
  /** Completes when the channel comes to the hub of this process. */
  readonly ready: (channel: string) => Effect.Effect<void, BrokerUnavailable>
  /** Hands commands to a session of another worker; false where no worker has that id. */
  readonly emulate: (
    node: string,
    session: string,
    data: Uint8Array
  ) => Effect.Effect<boolean, BrokerUnavailable>
  /** Begins at once; what it can do without waiting is done when it returns. */
  readonly fork: <A, E>(effect: Effect.Effect<A, E>) => Fiber.Fiber<A, E>
}

const DONE: Said = { _tag: "Done" }
const UNKNOWN_NODE: Said = { _tag: "UnknownNode" }
const TOO_MUCH: Said = { _tag: "Unavailable", detail: "the worker does not read what it is answered" }
const BROKEN: Said = { _tag: "Unavailable", detail: "the primary failed unexpectedly" }

export class AnswerDesk {
  readonly #channels = new Set<string>()
  #isClosed = false
  #unsent = 0
  /** Bytes of the answers that wait for the end of this turn. */
  #gathered = 0
  readonly #outbox: Outbox<Answer>

  /**
   * @param member what the hub hands publications for this worker to
   * @param node the worker's id in this life
   * @param send `left` is called when the message has left this process, or cannot any more
   */
  constructor(
    readonly member: HubMember,
    readonly node: string,
    readonly env: DeskEnv,
    send: (message: ToWorker, left: () => void) => void
  ) {
    this.#outbox = new Outbox((answers) => {
      const bytes = this.#gathered
      this.#gathered = 0
      send({ _tag: "Answered", answers }, () => {
        this.#unsent -= bytes
      })
    })
  }

  asked(questions: ReadonlyArray<Question>): void {
    for (const question of questions) {
      // What a dead worker had sent may be read after its end.
      if (this.#isClosed) return
      if (question._tag === "Unsubscribe") this.#ignore(question.channel)
      else {
        const { id } = question
        const fiber = this.env.fork(Effect.suspend(() => this.#do(question)))
        fiber.addObserver((exit) => this.#say(id, exit))
      }
    }
  }

  /** The worker is gone. */
  readonly close: Effect.Effect<void> = Effect.suspend(() => {
    this.#isClosed = true
    for (const channel of [...this.#channels]) this.#ignore(channel)
    return this.env.presence.drop(this.node)
  })

  #listen(channel: string): void {
    if (this.#channels.has(channel)) return
    this.#channels.add(channel)
    this.env.hub.listen(channel, this.member)
  }

  #ignore(channel: string): void {
    if (this.#channels.delete(channel)) this.env.hub.ignore(channel, this.member)
  }

  #do(question: Exclude<Question, { readonly _tag: "Unsubscribe" }>): Effect.Effect<Said, BrokerUnavailable> {
    const { broker, presence, ready, emulate } = this.env
    switch (question._tag) {
      case "Publish": {
        const { channel, data, options } = question
        const { info } = options
        // Who published stays in the history, and is a part of the message that it came in.
        const own = info === undefined ? options : { ...options, info: ownInfo(info) }
        return broker.publish(channel, data, own).pipe(
          Effect.map((published): Said => ({ _tag: "Published", ...published })),
          Effect.catchTag("PublicationTooLarge", ({ detail }) =>
            Effect.succeed<Said>({ _tag: "TooLarge", detail })
          )
        )
      }
      case "Announce":
        return Effect.as(broker.announce(question.kind, question.channel, question.info), DONE)
      case "Subscribe":
        this.#listen(question.channel)
        return Effect.as(ready(question.channel), DONE)
      case "History":
        return Effect.map(
          broker.history(question.channel, question.filter, question.stream),
          ({ offset, epoch, publications }) => ({ _tag: "History", offset, epoch, publications })
        )
      case "RemoveHistory":
        return Effect.as(broker.removeHistory(question.channel), DONE)
      case "AddPresence": {
        const { node, channel, client, info } = question
        return Effect.as(presence.add(node, channel, client, ownInfo(info)), DONE)
      }
      case "RemovePresence":
        return Effect.as(presence.remove(question.node, question.channel, question.client), DONE)
      case "GetPresence":
        return presence.get(question.channel).pipe(
          Effect.map((clients): Said => ({ _tag: "Clients", clients: [...clients] })),
          Effect.catchTag("TooManyClients", ({ _tag, detail }) => Effect.succeed<Said>({ _tag, detail }))
        )
      case "CountPresence":
        return Effect.map(presence.stats(question.channel), (stats) => ({ _tag: "Counted", ...stats }))
      case "DropPresence":
        return Effect.as(presence.drop(question.node), DONE)
      case "Emulate":
        return Effect.map(emulate(question.node, question.session, question.data), (isKnown) =>
          isKnown ? DONE : UNKNOWN_NODE
        )
    }
  }

  #say(id: number, exit: Exit.Exit<Said, BrokerUnavailable>): void {
    if (this.#isClosed) return
    const said = exit._tag === "Success" ? exit.value : this.#failure(exit.cause)
    const bytes = sizeOfAnswer(said)
    const isTooMuch = bytes > LONG_ANSWER && this.#unsent > 0 && this.#unsent + bytes > MAX_UNSENT_BYTES
    const size = isTooMuch ? sizeOfAnswer(TOO_MUCH) : bytes
    this.#unsent += size
    this.#gathered += size
    this.#outbox.add({ ...(isTooMuch ? TOO_MUCH : said), id } as Answer)
  }

  #failure(cause: Cause.Cause<BrokerUnavailable>): Said {
    const failure = Cause.findErrorOption(cause)
    if (failure._tag === "Some") return { _tag: "Unavailable", detail: failure.value.detail }
    this.env.fork(Effect.logError("a question of a worker failed unexpectedly", cause))
    return BROKEN
  }
}
