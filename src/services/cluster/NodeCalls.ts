/**
 * Questions to other nodes. A service that has something to tell other nodes says how it answers their question (`serve`), and asks them the
 * same.
 *
 * Guarantees:
 * - Whoever asks is answered: by the nodes, or, of each that has not answered in time or is gone, by its name among `missing`.
 * - While the link to NATS is down nothing is asked: that is `BrokerUnavailable`, also for a question that was under way.
 * - Bounded: so many questions of this node wait, and so many of others are worked on; further ones fail at once.
 *
 * A question that was not answered may have been heard all the same. Whoever owes the answer is asked whether it is there (`Roster.doubt`).
 */
import * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { BrokerUnavailable } from "../broker/Broker.ts"
import { counter, gauge, Metrics } from "../Metrics.ts"
import { NatsLink, NO_CONNECTION } from "../nats/NatsLink.ts"
import { type Answer, type AnswerTo, answerTags, type Question, type QuestionOf } from "./messages.ts"
import { type Address, NodePost } from "./NodePost.ts"
import { type NodeState, Roster } from "./Roster.ts"

/** Questions of this node that wait for answers. */
export const MAX_ASKED = 10_000
/** Questions of other nodes that are worked on at once. */
export const MAX_ANSWERING = 10_000
/** Time for an answer, where a question has none of its own. */
export const ANSWER_TIMEOUT = "2 seconds"

type Tag = Question["_tag"]

/** Sockets are read in between. */
const nextTurn = Effect.callback<void>((resume) => void setImmediate(() => resume(Effect.void)))

/** What nodes have said. */
export interface Replies<A> {
  readonly answers: ReadonlyArray<{ readonly node: NodeState; readonly answer: A }>
  /** Names of those that were there when they were asked, and have not answered. */
  readonly missing: ReadonlyArray<string>
}

/** What all have said; nothing where one is missing. */
export const ofAll = <A>({
  answers,
  missing
}: Replies<A>): Effect.Effect<ReadonlyArray<A>, BrokerUnavailable> =>
  missing.length === 0
    ? Effect.succeed(answers.map(({ answer }) => answer))
    : Effect.fail(unavailable(`nodes have not answered: ${missing.join(", ")}`))

type Asked<A> = Effect.Effect<Replies<A>, BrokerUnavailable>

/** @param from uid of the node that asks */
type Serve<T extends Tag> = (
  question: QuestionOf<T>,
  from: string
) => Effect.Effect<AnswerTo<T>, BrokerUnavailable>

const unavailable = (detail: string) => new BrokerUnavailable({ detail })
const DOWN = unavailable(NO_CONNECTION)
const TOO_MANY = unavailable(`${MAX_ASKED} questions to other nodes wait already`)
const TOO_LONG = unavailable("the question to other nodes is too long")

const silence = (detail: string): Answer => ({ _tag: "Unavailable", detail })

/** A question that waits: who owes an answer, and what came so far. */
class Asking {
  readonly #owed: Map<string, NodeState>
  readonly #answers: Array<{ readonly node: NodeState; readonly answer: Answer }> = []
  readonly #missing: Array<string> = []
  done: (result: Asked<Answer>) => void = () => {}

  /** @param tags what it may be answered with; anything else is no answer */
  constructor(
    nodes: ReadonlyArray<NodeState>,
    readonly tags: ReadonlyArray<Answer["_tag"]>
  ) {
    this.#owed = new Map(nodes.map((node) => [node.uid, node]))
  }

  answered(uid: string, answer: Answer): void {
    const node = this.#owed.get(uid)
    if (node === undefined) return
    if (!this.tags.includes(answer._tag)) return this.miss(uid)
    this.#owed.delete(uid)
    this.#answers.push({ node, answer })
    this.#check()
  }

  miss(uid: string): void {
    const node = this.#owed.get(uid)
    if (node === undefined) return
    this.#owed.delete(uid)
    this.#missing.push(node.name)
    this.#check()
  }

  /** Uids of those that owe an answer. */
  get owing(): ReadonlyArray<string> {
    return [...this.#owed.keys()]
  }

  /** As it stands: who owes an answer is missing. */
  replies(): Replies<Answer> {
    const owing = [...this.#owed.values()].map(({ name }) => name)
    return { answers: this.#answers, missing: [...this.#missing, ...owing] }
  }

  #check(): void {
    if (this.#owed.size === 0) this.done(Effect.succeed(this.replies()))
  }
}

/** How questions of other nodes are answered. */
const makeAnswering = Effect.gen(function* () {
  const post = yield* NodePost
  const fork = Effect.runForkWith(yield* Effect.context<never>())
  const serving = new Map<Tag, Serve<never>>()
  const figures = { answered: 0, underWay: 0 }

  /** Does not fail. */
  const answerOf = (question: Question, from: string): Effect.Effect<Answer> => {
    const { _tag } = question
    const serve = serving.get(_tag)
    if (serve === undefined) return Effect.succeed(silence(`${_tag} is not answered here`))
    return Effect.suspend(
      () => serve(question as never, from) as Effect.Effect<Answer, BrokerUnavailable>
    ).pipe(
      Effect.catch(({ detail }) => Effect.succeed(silence(detail))),
      Effect.catchCause((cause) =>
        Effect.as(
          Effect.logError(`${_tag}, asked by another node, failed unexpectedly`, cause),
          silence("the node failed unexpectedly")
        )
      )
    )
  }
  const answer = (from: string, id: number, question: Question): void => {
    const say = (said: Answer) => post.send(from, { _tag: "Answer", id, answer: said })
    if (figures.underWay >= MAX_ANSWERING) return void say(silence("too many questions are worked on"))
    figures.underWay++
    fork(
      Effect.map(answerOf(question, from), (said) => {
        figures.underWay--
        figures.answered++
        if (!say(said)) say(silence("the answer is too long"))
      })
    )
  }
  return { serving, figures, answer }
})

const make = Effect.gen(function* () {
  const link = yield* NatsLink
  const roster = yield* Roster
  const post = yield* NodePost
  const { serving, figures, answer } = yield* makeAnswering
  const waiting = new Map<number, Asking>()
  const counts = { asked: 0, unanswered: 0 }
  let next = 0

  yield* post.hear((message, from) => {
    // What is asked of all nodes comes to who asks, too.
    if (message._tag === "Ask" && from !== link.uid) answer(from, message.id, message.question)
    if (message._tag === "Answer") waiting.get(message.id)?.answered(from, message.answer)
  })
  yield* roster.onChange((uid, isThere) => {
    // With the link down all are gone, and who waits is told why.
    if (!isThere && link.isUp()) for (const asking of [...waiting.values()]) asking.miss(uid)
  })
  yield* link.onChange((isUp) => {
    if (!isUp) for (const { done } of [...waiting.values()]) done(Effect.fail(DOWN))
  })
  yield* (yield* Metrics).register(
    Effect.sync(() => [
      counter("clarion_cluster_questions_total", "Questions to other nodes", counts.asked),
      counter("clarion_cluster_unanswered_total", "Answers of nodes that did not come", counts.unanswered),
      counter("clarion_cluster_answers_total", "Answers to questions of other nodes", figures.answered),
      gauge("clarion_cluster_questions_waiting", "Questions to other nodes without an answer", waiting.size)
    ])
  )

  const ask = (
    to: Address,
    nodes: ReadonlyArray<NodeState>,
    question: Question,
    within: Duration.Input
  ): Asked<Answer> =>
    Effect.suspend(() => {
      if (!link.isUp()) return Effect.fail(DOWN)
      if (nodes.length === 0) return Effect.succeed({ answers: [], missing: [] })
      if (waiting.size >= MAX_ASKED) return Effect.fail(TOO_MANY)
      const id = next++
      const asking = new Asking(nodes, answerTags[question._tag])
      const answers = Effect.callback<Replies<Answer>, BrokerUnavailable>((resume) => {
        asking.done = resume
        waiting.set(id, asking)
        counts.asked++
        if (!post.send(to, { _tag: "Ask", id, question })) resume(Effect.fail(link.isUp() ? TOO_LONG : DOWN))
      })
      return answers.pipe(
        Effect.timeoutOrElse({
          duration: within,
          // What came while this process had no turn is read first: its own pause is not the others' silence.
          orElse: () =>
            Effect.andThen(
              nextTurn,
              Effect.sync(() => {
                asking.owing.forEach(roster.doubt)
                return asking.replies()
              })
            )
        }),
        Effect.ensuring(Effect.sync(() => void waiting.delete(id))),
        Effect.tap(({ missing }) =>
          Effect.sync(() => {
            counts.unanswered += missing.length
          })
        )
      )
    })

  return NodeCalls.of({
    serve: (tag, serve) => Effect.sync(() => void serving.set(tag, serve as unknown as Serve<never>)),
    askOthers: (question, within = ANSWER_TIMEOUT) =>
      Effect.suspend(() => ask("all", roster.others(), question, within)) as never,
    ask: (uid, question, within = ANSWER_TIMEOUT) =>
      Effect.suspend(() => {
        // Who is there cannot be known now.
        if (!link.isUp()) return Effect.fail(DOWN)
        const node = roster.get(uid)
        if (node === undefined) return Effect.succeed(undefined)
        return Effect.flatMap(ask(uid, [node], question, within), ({ answers: [said] }) =>
          said === undefined
            ? Effect.fail(unavailable(`${node.name} has not answered`))
            : Effect.succeed(said.answer)
        )
      }) as never
  })
})

export class NodeCalls extends Context.Service<
  NodeCalls,
  {
    /** From now on questions of this kind are answered so. */
    readonly serve: <T extends Tag>(tag: T, serve: Serve<T>) => Effect.Effect<void>
    /** Asks all others that are there now. */
    readonly askOthers: <const Q extends Question>(
      question: Q,
      within?: Duration.Input
    ) => Asked<AnswerTo<Q["_tag"]>>
    /**
     * Asks one of them. Undefined: there is no such node, or not any more. It fails where that cannot be known, as the link is down, and where a
     * node that is there has not answered, or was not heard since the link came back.
     */
    readonly ask: <const Q extends Question>(
      uid: string,
      question: Q,
      within?: Duration.Input
    ) => Effect.Effect<AnswerTo<Q["_tag"]> | undefined, BrokerUnavailable>
  }
>()("clarion/services/cluster/NodeCalls") {
  static readonly layer = Layer.effect(this, make)
}
