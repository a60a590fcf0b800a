/**
 * Runs that are over: a stream at NATS with a subject for each schedule, of which the server keeps the newest `RUNS_KEPT` for
 * `receipts.retention`. They are read there when somebody asks for them, and held in no node.
 */
import { DiscardPolicy, RetentionPolicy, StorageType } from "@nats-io/jetstream"
import { nanos } from "@nats-io/transport-node"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type { BrokerUnavailable } from "../../broker/Broker.ts"
import { IDEMPOTENCY_TTL_MS } from "../../history/IdempotencyKeys.ts"
import { MAKE_AGAIN } from "../../nats/Bucket.ts"
import { ensureStreams } from "../../nats/ensureStreams.ts"
import { type Ask, keptUp } from "../../nats/keptUp.ts"
import type { NatsLink } from "../../nats/NatsLink.ts"
import { readStream } from "../../nats/readStream.ts"
import { tokenOf } from "../../nats/subjects.ts"
import type { Run } from "../Schedule.ts"
import { RUNS_KEPT } from "../ScheduleStore.ts"
import { runFromBytes, runToBytes } from "./keptSchedule.ts"

export class RunHistory {
  private constructor(
    readonly link: NatsLink["Service"],
    readonly stream: string,
    /** Where the stream is not there, it is made again. */
    readonly ask: Ask
  ) {}

  /** Makes the stream where there is none, or lets it keep runs for longer where more is configured now. */
  static readonly open = Effect.fnUntraced(function* (
    link: NatsLink["Service"],
    options: { readonly replicas: number; readonly retention: Duration.Duration }
  ) {
    const { scheduleRuns: name, scheduleRunsPattern } = link.subjects
    const wanted = {
      name,
      subjects: [scheduleRunsPattern],
      retention: RetentionPolicy.Limits,
      discard: DiscardPolicy.Old,
      storage: StorageType.File,
      max_msgs_per_subject: RUNS_KEPT,
      max_age: nanos(Duration.toMillis(options.retention)),
      num_replicas: options.replicas,
      duplicate_window: nanos(IDEMPOTENCY_TTL_MS)
    }
    const ensure = ensureStreams(link, [wanted])
    yield* Effect.retry(ensure, MAKE_AGAIN)
    return new RunHistory(link, name, keptUp(link, name, `the stream ${name}`, ensure))
  })

  /** The same run again is one run. */
  append(run: Run): Effect.Effect<void, BrokerUnavailable> {
    return Effect.asVoid(
      this.ask("a run was not written", () =>
        this.link.jetstream.publish(this.#subject(run.schedule), runToBytes(run), {
          msgID: `${tokenOf(run.schedule)} ${run.id}`
        })
      )
    )
  }

  /** In the order in which they were written; one that was written twice may come twice. */
  read(schedule: string): Effect.Effect<ReadonlyArray<Run>, BrokerUnavailable> {
    return Effect.gen({ self: this }, function* () {
      const subject = this.#subject(schedule)
      const last = yield* this.link.ask(`${this.stream} was not read`, () =>
        this.link.manager.streams.getMessage(this.stream, { last_by_subj: subject })
      )
      const runs: Array<Run> = []
      if (last === null) return runs
      const reading = { stream: this.stream, subject, to: () => last.seq }
      yield* readStream(this.link, reading, (_, __, data) => {
        const run = runFromBytes(data)
        if (run !== undefined) runs.push(run)
      })
      return runs
    })
  }

  forget(schedule: string): Effect.Effect<void, BrokerUnavailable> {
    return Effect.asVoid(
      this.ask("runs were not removed", () =>
        this.link.manager.streams.purge(this.stream, { filter: this.#subject(schedule) })
      )
    )
  }

  #subject(schedule: string): string {
    return this.link.subjects.scheduleRun(schedule)
  }
}
