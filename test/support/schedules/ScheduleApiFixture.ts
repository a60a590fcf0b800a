/** The HTTP API of schedules over a scheduler and receipts that keep what they are asked and answer what a test says. */
import * as Effect from "effect/Effect"
import { makeScheduleApi } from "../../../src/services/api/schedules/scheduleApi.ts"
import { type Receipt, type ReceiptFilter, Receipts } from "../../../src/services/receipts/Receipts.ts"
import type { Run, Schedule } from "../../../src/services/schedules/Schedule.ts"
import {
  type Created,
  type Problem,
  type RunWithReceipt,
  Scheduler
} from "../../../src/services/schedules/Scheduler.ts"
import type { Page } from "../../../src/services/schedules/ScheduleStore.ts"

export const BORN = Date.UTC(2030, 0, 1)

export const scheduleOf = (more: Partial<Schedule> = {}): Schedule => ({
  id: "s1",
  revision: 1,
  state: "scheduled",
  trigger: { kind: "at", at: BORN + 60_000 },
  channels: ["news"],
  payload: { kind: "data", data: Buffer.from('{"text":"hello"}') },
  jitter: 0,
  minConnections: 0,
  catchUp: "once",
  about: "",
  createdAt: BORN,
  updatedAt: BORN,
  due: BORN + 60_000,
  fireAt: BORN + 60_000,
  runs: 0,
  records: 0,
  ...more
})

export const runOf = (more: Partial<Run> = {}): Run => ({
  id: "00000000-0000-4000-8000-000000000001",
  schedule: "s1",
  number: 1,
  sequence: 1,
  isAsked: false,
  due: BORN,
  outcome: "sent",
  startedAt: BORN + 1,
  endedAt: BORN + 2,
  ...more
})

export const receiptOf = (more: Partial<Receipt> = {}): Receipt => ({
  id: "00000000-0000-4000-8000-000000000001",
  kind: "schedule",
  channels: ["news"],
  channelCount: 1,
  schedule: "s1",
  publishedAt: BORN + 0.5,
  isComplete: true,
  eligible: 3,
  written: 2,
  dropped: 1,
  closed: 0,
  drops: { slow: 1, mailbox: 0 },
  firstWriteAt: BORN + 0.75,
  lastWriteAt: BORN + 1.25,
  timeToLastWriteMs: 0.75,
  lost: 0,
  acked: 0,
  workers: [],
  ...more
})

type Answers = {
  readonly create: Created
  readonly list: Page<Schedule>
  readonly get: Schedule
  readonly preview: ReadonlyArray<number>
  readonly update: Schedule
  readonly pause: Schedule
  readonly resume: Schedule
  readonly runNow: Run
  readonly cancel: Schedule
  readonly runs: Page<RunWithReceipt>
  readonly receipt: Receipt | undefined
  readonly receipts: Page<Receipt>
}

export interface Called {
  readonly method: string
  readonly with: ReadonlyArray<unknown>
}

export interface Answered {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly text: string
  // The tests say what they expect of it.
  // biome-ignore lint/suspicious/noExplicitAny: any JSON
  readonly json: any
}

const ANSWERS: Answers = {
  create: { schedule: scheduleOf(), isNew: true },
  list: { items: [scheduleOf()] },
  get: scheduleOf(),
  preview: [BORN, BORN + 1000],
  update: scheduleOf({ revision: 2 }),
  pause: scheduleOf({ state: "paused" }),
  resume: scheduleOf(),
  runNow: runOf(),
  cancel: scheduleOf({ state: "cancelled" }),
  runs: { items: [{ ...runOf(), receipt: receiptOf() }] },
  receipt: receiptOf(),
  receipts: { items: [receiptOf()] }
}

export class ScheduleApiFixture {
  readonly calls: Array<Called> = []
  answers: Answers = ANSWERS
  /** What every method but `check` fails with. */
  failure: { readonly _tag: string } | undefined
  /** What `check` says. */
  problems: ReadonlyArray<Problem> = []
  readonly #api

  constructor() {
    const asked =
      <K extends keyof Answers>(method: K) =>
      (...given: ReadonlyArray<unknown>) =>
        Effect.suspend((): Effect.Effect<Answers[K], never> => {
          this.calls.push({ method, with: given })
          return this.failure === undefined
            ? Effect.succeed(this.answers[method])
            : Effect.fail(this.failure as never)
        })
    const scheduler: Scheduler["Service"] = {
      create: asked("create"),
      check: (...given) =>
        Effect.sync(() => {
          this.calls.push({ method: "check", with: given })
          return this.problems
        }),
      list: asked("list"),
      get: asked("get"),
      nextOf: ({ due }, count) =>
        due === undefined ? [] : Array.from({ length: count }, (_, i) => due + i * 1000),
      preview: asked("preview"),
      update: asked("update"),
      pause: asked("pause"),
      resume: asked("resume"),
      runNow: asked("runNow"),
      cancel: asked("cancel"),
      runs: asked("runs")
    }
    const receipts = { get: asked("receipt"), list: (filter: ReceiptFilter) => asked("receipts")(filter) }
    this.#api = Effect.runSync(
      makeScheduleApi.pipe(
        Effect.provideService(Scheduler, scheduler),
        Effect.provideService(Receipts, receipts as unknown as Receipts["Service"])
      )
    )
  }

  /** The body is JSON, or as it is where it is text or bytes. */
  async ask(method: string, pathAndQuery: string, body: unknown = ""): Promise<Answered> {
    const answer = await Effect.runPromise(this.#api(this.#request(method, pathAndQuery, body)))
    const text = String(answer.body)
    return {
      status: answer.status,
      headers: Object.fromEntries(answer.headers),
      text,
      json: JSON.parse(text)
    }
  }

  /** What a request failed with, its problems as lines. */
  async problemsOf(method: string, pathAndQuery: string, body: unknown = ""): Promise<ReadonlyArray<string>> {
    const { status, json } = await this.ask(method, pathAndQuery, body)
    if (status !== 400) throw new Error(`${status}`)
    return json.error.problems.map(({ where, message }: Problem) => `${where}: ${message}`)
  }

  #request(method: string, pathAndQuery: string, body: unknown) {
    const [path = "", query = ""] = pathAndQuery.split("?")
    const bytes =
      body instanceof Uint8Array
        ? Buffer.from(body)
        : Buffer.from(typeof body === "string" ? body : JSON.stringify(body))
    return { method, path, query, headers: new Map(), body: bytes, address: "127.0.0.1" }
  }
}
