/**
 * A child process with ramps, as an actor: started, told what to open, asked for its figures, and started again when it dies.
 *
 * Its figures outlive its lives: what a dead one had counted stays in the sums, and its connections count as closed with 1006.
 */
import type { ChildProcess } from "node:child_process"
import * as Data from "effect/Data"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import { asDied, asKnown } from "../client/metrics/lives.ts"
import type { RunCounts, RunSnapshot } from "../client/metrics/RunMetrics.ts"
import { addSeries, knownUpTo, withNews } from "../client/metrics/seriesSums.ts"
import { addSnapshots } from "../client/metrics/snapshotSums.ts"
import type { ProcessLoad } from "../client/processLoad.ts"
import { FromRamps, type ProcessGlance, type ProcessNews, type ToRamps } from "../client/processMessages.ts"
import type { Order } from "../client/scenario/Order.ts"
import type { ActorNode, ActorProbe } from "../services/ActorTree.ts"
import { type ChildLink, startChild } from "../services/processes/ChildLink.ts"
import { Question } from "../services/processes/Question.ts"
import type { RampState } from "./rampMachine.ts"
import type { Life } from "./Supervisor.ts"

/** The process said why it could not go on. */
class ProcessFailed extends Data.TaggedError("ProcessFailed")<{ readonly reason: string }> {
  override get message(): string {
    return this.reason
  }
}

export interface RampProcessOptions {
  readonly name: string
  /** In the actor tree. */
  readonly address: string
  readonly fork: () => ChildProcess
  /** The first message of each life. */
  readonly prepare: ToRamps
  /** Holds a start back while enough others are under way. */
  readonly whenCalm: <A, E, R>(start: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
  /** Completes with the run's start in epoch milliseconds, when all processes are ready. */
  readonly begin: Effect.Effect<number>
  readonly now: () => number
  /** Told what a life told, and the cut connections of one that died. */
  readonly onNews: (news: ProcessNews) => void
}

/** A life whose ramps have begun, and what it told last. */
interface Alive {
  readonly link: ChildLink<ToRamps>
  readonly startedAt: number
  glance?: ProcessGlance
  /** The newest counts, of a glance or of a snapshot. */
  counts?: RunCounts
  snapshot?: RunSnapshot
  load?: ProcessLoad
  heardAt: number
}

export class RampProcess {
  /** The first life is ready to begin. */
  readonly ready = Deferred.makeUnsafe<void>()
  #alive: Alive | undefined
  /** The sum of all lives before. */
  #past: { readonly snapshot: RunSnapshot; readonly restarts: number } | undefined
  readonly #look = new Question()
  readonly #measure = new Question()
  /** The order that each life has to know. */
  #standing: Order | undefined

  constructor(readonly options: RampProcessOptions) {}

  get name(): string {
    return this.options.name
  }

  /** The newest counts of the present life. */
  get counts(): RunCounts | undefined {
    return this.#alive?.counts
  }

  get load(): ProcessLoad | undefined {
    return this.#alive?.load
  }

  get phase(): RampState {
    return this.#alive?.glance?.phase ?? "idle"
  }

  /** Milliseconds since it told something; 0 where nobody can be asked. */
  get silentMs(): number {
    return this.#alive === undefined ? 0 : this.options.now() - this.#alive.heardAt
  }

  /** Restarts of its ramps, in all lives. */
  get rampRestarts(): number {
    return (this.#past?.restarts ?? 0) + restartsOf(this.#alive?.glance)
  }

  get past(): RunSnapshot | undefined {
    return this.#past?.snapshot
  }

  /** All that is known: of the lives before, and of the present one. */
  get snapshots(): ReadonlyArray<RunSnapshot> {
    const { past } = this
    const present = this.#alive === undefined ? undefined : newest(this.#alive)
    return [...(past === undefined ? [] : [past]), ...(present === undefined ? [] : [present])]
  }

  readonly probe = (): Omit<ActorProbe, "state" | "restarts" | "cause"> => ({
    connections: this.counts?.connections.active ?? 0
  })

  /** Its ramps, as it told of them last. */
  readonly ramps = (): ReadonlyArray<ActorNode> =>
    (this.#alive?.glance?.ramps ?? []).map((ramp) => ({
      ...ramp,
      address: `${this.options.address}/${ramp.name}`,
      children: []
    }))

  /** Asks how it is now. */
  readonly look = (broadcast: number | null): Effect.Effect<void> =>
    this.#ask(this.#look, () => ({ _tag: "AskGlance", broadcast }))

  /** Asks for all that it measured up to now. */
  readonly measure = (broadcast: number | null): Effect.Effect<void> =>
    this.#ask(this.#measure, () => ({
      _tag: "AskSnapshot",
      broadcast,
      seriesFromMs: knownUpTo(this.#alive?.snapshot?.series[0])
    }))

  /** Has its ramps do what a scenario asks for. */
  readonly order = (order: Order): void => {
    if (order._tag === "Raise") this.#standing = order
    this.#alive?.link.send({ _tag: "Obey", order })
  }

  /** Ends it at once. */
  readonly kill = (): void => this.#alive?.link.kill("SIGKILL")

  /**
   * Completes with the answer, or when nobody can give one. The answer to a question that was under way before would be of before: it is waited
   * for, and then asked anew. All who ask meanwhile share that one.
   */
  #ask(question: Question, message: () => ToRamps): Effect.Effect<void> {
    const ask = Effect.suspend(() => {
      const link = this.#alive?.link
      return link === undefined ? Effect.void : question.ask(() => link.send(message()))
    })
    return Effect.andThen(question.settled, ask)
  }

  /** One life. */
  readonly program = (life: Life) =>
    Effect.gen({ self: this }, function* () {
      const { fork, prepare, whenCalm, begin } = this.options
      const ready = yield* Deferred.make<void>()
      const stopped = yield* Deferred.make<void>()
      const failed = yield* Deferred.make<never, ProcessFailed>()
      const onMessage = (message: FromRamps) => {
        if (message._tag === "Ready") return Deferred.doneUnsafe(ready, Effect.void)
        if (message._tag === "Failed")
          return Deferred.doneUnsafe(failed, Effect.fail(new ProcessFailed({ reason: message.message })))
        this.#heard(message)
        if (message._tag === "Stopped") Deferred.doneUnsafe(stopped, Effect.void)
      }
      const start = Effect.gen(function* () {
        const link = yield* startChild<FromRamps, ToRamps>({ fork, incoming: FromRamps, onMessage })
        link.send(prepare)
        yield* Effect.raceAllFirst([Deferred.await(ready), endOf(link), Deferred.await(failed)])
        return link
      })
      const link = yield* Effect.raceFirst(whenCalm(start), Effect.as(life.stopping, undefined))
      if (link === undefined) return
      yield* life.started
      Deferred.doneUnsafe(this.ready, Effect.void)
      const ends = Effect.raceFirst(endOf(link), Deferred.await(failed))
      yield* Effect.raceAllFirst([
        life.stopping,
        ends,
        Effect.andThen(this.#begin(link, begin), Effect.never)
      ])
      // One that has not begun has nothing to close.
      if (this.#alive === undefined) return
      link.send({ _tag: "Stop" })
      yield* Effect.raceFirst(Deferred.await(stopped), ends)
    })

  /** Lets the ramps begin; from here on it can be asked, until its life ends. */
  #begin(link: ChildLink<ToRamps>, begin: Effect.Effect<number>) {
    return Effect.flatMap(begin, (startedAt) =>
      Effect.acquireRelease(
        Effect.sync(() => {
          link.send({ _tag: "Begin", startedAt })
          this.#alive = { link, startedAt, heardAt: this.options.now() }
          if (this.#standing !== undefined) link.send({ _tag: "Obey", order: this.#standing })
        }),
        () => Effect.sync(() => this.#died())
      )
    )
  }

  #heard(message: Extract<FromRamps, { _tag: "Glance" | "Snapshot" | "Stopped" }>): void {
    const alive = this.#alive
    if (alive === undefined) return
    alive.heardAt = this.options.now()
    if (message._tag === "Snapshot") {
      alive.snapshot = { ...message.snapshot, series: newsOf(alive.snapshot, message.snapshot) }
      alive.load = message.load
      alive.counts = message.counts
      return this.#measure.settle()
    }
    alive.glance = message.glance
    alive.counts = message.glance.counts
    this.#look.settle()
    this.options.onNews(message.glance.news)
  }

  /** After an orderly end there is nothing open that could be cut. */
  #died(): void {
    const alive = this.#alive
    this.#alive = undefined
    this.#look.settle()
    this.#measure.settle()
    const last = alive === undefined ? undefined : newest(alive)
    if (alive === undefined || last === undefined) return
    const diedMs = this.options.now() - alive.startedAt
    const sum = addSnapshots([...(this.past === undefined ? [] : [this.past]), asDied(last, diedMs)])
    // Only a histogram that cannot be read is none: the process has sent what its own library cannot.
    if (!("kind" in sum))
      this.#past = {
        snapshot: { ...sum, series: [addSeries(sum.series)] },
        restarts: (this.#past?.restarts ?? 0) + restartsOf(alive.glance)
      }
    const { active } = last.connections
    if (active > 0) this.options.onNews({ ended: [["1006", active]], latestEnd: "1006", log: [] })
  }
}

/** What a process told of its intervals, the newer ones told anew. */
const newsOf = (known: RunSnapshot | undefined, { series }: RunSnapshot): RunSnapshot["series"] =>
  series.map((news) => withNews(known?.series[0], news))

const newest = ({ snapshot, counts, startedAt, heardAt }: Alive): RunSnapshot | undefined =>
  counts === undefined ? undefined : asKnown(snapshot, counts, startedAt, heardAt)

const restartsOf = (glance: ProcessGlance | undefined): number =>
  glance?.ramps.reduce((sum, { restarts }) => sum + restarts, 0) ?? 0

/** Fails with the end of the process. */
const endOf = (link: ChildLink<ToRamps>) => Effect.flatMap(link.ended, Effect.fail)
