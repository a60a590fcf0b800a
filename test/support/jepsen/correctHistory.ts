/** Histories of a cluster that does all that it promises, out of random steps: what the checker has to let pass. */
import fc from "fast-check"
import { runPayload } from "./checks/schedules.ts"
import type { EventOf, EventType, History, HistoryEvent, Position } from "./History.ts"

const CHANNELS = ["a", "b"]
const CLIENTS = ["one", "two", "three"]
const EVERY = 200
const SCHEDULE = "tick"
/** The channel of its runs. */
const TICKS = "a"

interface Attempt {
  readonly op: number
  readonly channel: string
  readonly payload: string
  readonly key: string | undefined
}

interface Watcher {
  readonly client: string
  readonly channel: string
  isOnline: boolean
  /** Undefined before its first subscription. */
  offset: number | undefined
}

export interface Step {
  readonly what: number
  readonly which: number
  readonly passes: number
}

export const steps: fc.Arbitrary<ReadonlyArray<Step>> = fc.array(
  fc.record({ what: fc.nat(15), which: fc.nat(1000), passes: fc.integer({ min: 1, max: 40 }) }),
  { minLength: 20, maxLength: 300, size: "max" }
)

const pick = <A>(all: ReadonlyArray<A>, which: number): A | undefined => all[which % Math.max(1, all.length)]

/** A cluster without faults, whose answers may be lost and whose clients come and go. */
class Model {
  readonly events: Array<HistoryEvent> = []
  #at = 1_000_000
  #ops = 0
  #payloads = 0
  readonly #start = this.#at
  #runs = 0
  readonly #logs = new Map(CHANNELS.map((channel) => [channel, [] as Array<string>]))
  readonly #watchers = CLIENTS.flatMap((client) =>
    CHANNELS.map((channel): Watcher => ({ client, channel, isOnline: false, offset: undefined }))
  )
  /** Invoked, and not answered. */
  #underWay: Array<Attempt> = []
  /** With a key, and not answered: they are tried again. */
  #doubtful: Array<Attempt> = []

  constructor() {
    this.#note("schedule", { id: SCHEDULE, channel: TICKS, start: this.#start, every: EVERY })
    this.#note("scheduled", { id: SCHEDULE })
  }

  step({ what, which, passes }: Step): void {
    this.#at += passes
    if (what < 3) this.#invoke(which)
    else if (what < 5) this.#happen(pick(this.#underWay, which))
    else if (what < 7) this.#answer(pick(this.#underWay, which))
    else if (what === 7) this.#lose(pick(this.#underWay, which))
    else if (what === 8) this.#again(pick(this.#doubtful, which))
    else if (what === 9) this.#refuse(pick(this.#underWay, which))
    else if (what === 10) this.#turn(pick(this.#watchers, which)!)
    else if (what === 11) this.#tick()
    else if (what === 12) this.#read(pick(CHANNELS, which)!)
    else this.#deliver(pick(this.#watchers, which)!)
  }

  /** Everything that is open ends well. */
  end(): ReadonlyArray<HistoryEvent> {
    for (const attempt of [...this.#underWay]) this.#answer(attempt)
    for (const attempt of [...this.#doubtful]) this.#again(attempt)
    for (const attempt of [...this.#underWay]) this.#answer(attempt)
    const end = this.#start + this.#runs * EVERY + 1
    this.#note("schedule", { id: SCHEDULE, channel: TICKS, start: this.#start, every: EVERY, end })
    this.#note("scheduled", { id: SCHEDULE })
    this.#at = Math.max(this.#at, end)
    this.#tick()
    for (const watcher of this.#watchers) {
      if (!watcher.isOnline) this.#turn(watcher)
      while (this.#deliver(watcher));
    }
    this.#note("settled", {})
    for (const channel of CHANNELS) this.#read(channel)
    const runs = Array.from({ length: this.#runs }, (_, n) => ({
      due: this.#start + n * EVERY,
      outcome: "sent"
    }))
    this.#note("runs", { id: SCHEDULE, node: "n", runs })
    return this.events
  }

  #note<T extends EventType>(type: T, fields: Omit<EventOf<T>, "type" | "at">): void {
    // No two events have one time.
    this.#at += 0.001
    this.events.push({ type, at: this.#at, ...fields } as unknown as HistoryEvent)
  }

  #positionOf(channel: string, offset: number): Position {
    return { offset, epoch: `epoch of ${channel}` }
  }

  #invoke(which: number): void {
    const payload = `p${this.#payloads++}`
    this.#attempt(pick(CHANNELS, which)!, payload, which % 3 === 0 ? undefined : payload)
  }

  #attempt(channel: string, payload: string, key: string | undefined): void {
    const attempt = { op: this.#ops++, channel, payload, key }
    this.#underWay.push(attempt)
    const keyed = key === undefined ? {} : { key }
    this.#note("invoke", { op: attempt.op, by: "p", node: "n", channel, payload, ...keyed })
  }

  /** It reaches the log; once, however often it is tried. */
  #happen(attempt: Attempt | undefined): void {
    if (attempt === undefined) return
    const log = this.#logs.get(attempt.channel)!
    if (!log.includes(attempt.payload)) log.push(attempt.payload)
  }

  #answer(attempt: Attempt | undefined): void {
    if (attempt === undefined) return
    this.#happen(attempt)
    const offset = this.#logs.get(attempt.channel)!.indexOf(attempt.payload) + 1
    this.#note("ok", { op: attempt.op, position: this.#positionOf(attempt.channel, offset) })
    this.#underWay = this.#underWay.filter((one) => one !== attempt)
  }

  #lose(attempt: Attempt | undefined): void {
    if (attempt === undefined) return
    this.#note("unknown", { op: attempt.op, error: "timeout" })
    this.#underWay = this.#underWay.filter((one) => one !== attempt)
    if (attempt.key !== undefined) this.#doubtful.push(attempt)
  }

  #again(attempt: Attempt | undefined): void {
    if (attempt === undefined) return
    this.#doubtful = this.#doubtful.filter((one) => one !== attempt)
    this.#attempt(attempt.channel, attempt.payload, attempt.key)
  }

  /** What has not reached the log may be refused; an earlier attempt may still reach it. */
  #refuse(attempt: Attempt | undefined): void {
    if (attempt === undefined || this.#logs.get(attempt.channel)!.includes(attempt.payload)) return
    this.#note("fail", { op: attempt.op, error: "refused" })
    this.#underWay = this.#underWay.filter((one) => one !== attempt)
  }

  #turn(watcher: Watcher): void {
    watcher.isOnline = !watcher.isOnline
    if (!watcher.isOnline) return
    const { client, channel } = watcher
    const isBack = watcher.offset !== undefined
    watcher.offset ??= this.#logs.get(channel)!.length
    const position = this.#positionOf(channel, watcher.offset)
    this.#note("subscribed", {
      client,
      channel,
      node: "n",
      wasRecovering: isBack,
      recovered: isBack,
      position
    })
  }

  #deliver(watcher: Watcher): boolean {
    const payload = watcher.isOnline ? this.#logs.get(watcher.channel)![watcher.offset!] : undefined
    if (payload === undefined) return false
    watcher.offset!++
    const { client, channel } = watcher
    this.#note("delivered", { client, channel, offset: watcher.offset!, payload })
    return true
  }

  #tick(): void {
    for (let due = this.#dueNext(); due <= this.#at; due = this.#dueNext()) {
      this.#runs++
      this.#logs.get(TICKS)!.push(runPayload(SCHEDULE, due))
    }
  }

  #dueNext(): number {
    const due = this.#start + this.#runs * EVERY
    const last = this.events.findLast(({ type }) => type === "schedule") as EventOf<"schedule">
    return last.end !== undefined && due >= last.end ? Number.POSITIVE_INFINITY : due
  }

  #read(channel: string): void {
    const log = this.#logs.get(channel)!
    this.#note("read", {
      asked: this.#at,
      node: "n",
      channel,
      position: this.#positionOf(channel, log.length),
      entries: log.map((payload, at) => ({ offset: at + 1, payload }))
    })
  }
}

export const historyOf = (taken: ReadonlyArray<Step>): History => {
  const model = new Model()
  for (const step of taken) model.step(step)
  return { seed: 0, events: model.end() }
}
