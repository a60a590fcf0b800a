/** One trial of a cluster: load, faults one after the other, healing, and the check of what was recorded. */
import { writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { onTestFinished } from "vitest"
import { check, report, type Verdict } from "./check.ts"
import { runOf, WAITS_EVERY_MS } from "./checks/schedules.ts"
import type { Cluster } from "./cluster/Cluster.ts"
import type { ClusterNode } from "./cluster/ClusterNode.ts"
import { CpuWaits } from "./cluster/CpuWaits.ts"
import { isWell } from "./cluster/nodeState.ts"
import { type FaultName, faults } from "./faults/faults.ts"
import { type History, type Position, writeHistory } from "./History.ts"
import { Attempts } from "./load/Attempts.ts"
import { Burst } from "./load/Burst.ts"
import { Publisher } from "./load/Publisher.ts"
import { Ticker } from "./load/Ticker.ts"
import { payloadOf, Watcher } from "./load/Watcher.ts"
import { Random } from "./Random.ts"
import { now, Recorder } from "./Recorder.ts"
import { until } from "./until.ts"

export interface TrialOptions {
  readonly cluster: Cluster
  readonly seed: number
  /** In this order. */
  readonly faults: ReadonlyArray<FaultName>
  readonly watchers?: number
  readonly publishers?: number
  /** Time to heal in, from the end of the last fault: for publications that are under way, for schedules, and for clients. */
  readonly healMs?: number
}

export interface Outcome {
  readonly history: History
  readonly verdict: Verdict
  /** What did not heal by itself. */
  readonly unhealed: ReadonlyArray<string>
  /** For people; where anything is wrong it names the file with the history. */
  readonly report: string
}

const CHANNELS = ["kept:a", "kept:b", "kept:c"]
const TICKS = "kept:ticks"
/** Acknowledged between two faults, and during a short one. */
const BETWEEN = 40
const HEAL_MS = 30_000

const logOf = ({ name, log }: ClusterNode): string =>
  log.map((entry) => `${name} ${JSON.stringify(entry)}\n`).join("")

const sleep = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms))

class Trial {
  readonly #random: Random
  readonly #recorder: Recorder
  readonly #watchers: ReadonlyArray<Watcher>
  readonly #ticker: Ticker
  /** Aborted with the test: nobody looks at anything any more. */
  readonly #ended = new AbortController()
  readonly #unhealed: Array<string> = []
  #publishers: ReadonlyArray<Publisher> = []
  #bursts = 0
  readonly #cpuWaits = new CpuWaits()
  /** Since the beginning. */
  #waitedMs = 0

  constructor(readonly options: TrialOptions) {
    const { cluster, seed, watchers = 6 } = options
    onTestFinished(() => this.#ended.abort())
    this.#random = new Random(seed)
    this.#recorder = new Recorder(seed)
    this.#watchers = Array.from({ length: watchers }, (_, at) => {
      const name = `client-${at}`
      return new Watcher(name, this.#recorder, cluster.nodes, [...CHANNELS, TICKS], this.#random.branch(name))
    })
    const watching = setInterval(() => this.#lookAtWaits(), WAITS_EVERY_MS)
    this.#ended.signal.addEventListener("abort", () => clearInterval(watching))
    this.#ticker = new Ticker("tick", TICKS, this.#recorder, cluster.nodes, this.#random.branch("ticker"))
  }

  async run(): Promise<Outcome> {
    const { publishers = 4 } = this.options
    await this.#recorder.more("subscribed", this.#watchers.length * (CHANNELS.length + 1))
    await this.#ticker.begin()
    this.#publishers = Array.from({ length: publishers }, (_, at) => {
      const name = `publisher-${at}`
      // Every third one has no keys: what happens to it is known to nobody until somebody hears it.
      const isKeyed = at % 3 !== 2
      return new Publisher(this.#attempts(name, isKeyed), CHANNELS, this.#random.branch(name))
    })
    await this.#recorder.more("ok", BETWEEN)
    for (const [at, fault] of this.options.faults.entries())
      await this.#suffer(fault, this.#random.branch(`${at} ${fault}`))
    await this.#settle()
    return this.#judge()
  }

  #lookAtWaits(): void {
    const { nodes, nats } = this.options.cluster
    const servers = nats.filter(({ isRunning }) => isRunning).map(({ pid }) => pid)
    const ms = this.#cpuWaits.since([process.pid, ...servers, ...nodes.flatMap(({ pids }) => pids)])
    this.#waitedMs += ms
    this.#recorder.note("waited", { ms })
  }

  #attempts(name: string, isKeyed: boolean): Attempts {
    const { nodes } = this.options.cluster
    const attempts = new Attempts(name, isKeyed, this.#recorder, nodes, this.#random.branch(name))
    this.#ended.signal.addEventListener("abort", () => attempts.giveUp())
    return attempts
  }

  async #burst(): Promise<Burst> {
    const name = `burst-${this.#bursts++}`
    const attempts = [true, false].map((isKeyed) =>
      this.#attempts(`${name}-${isKeyed ? "keyed" : "plain"}`, isKeyed)
    )
    const burst = new Burst(attempts, CHANNELS, this.#random.branch(name))
    await burst.begun
    return burst
  }

  async #suffer(name: FaultName, random: Random): Promise<void> {
    const grounds = {
      cluster: this.options.cluster,
      watchers: this.#watchers,
      random,
      burst: () => this.#burst()
    }
    const made = await this.#within(`${name} can be made`, (signal) => faults[name]({ ...grounds, signal }))
    if (made === undefined) return
    const { does, lastsMs, isShort = false, runsWithinMs, heal } = made
    // Nobody takes the place of a node alone.
    const isPromised = runsWithinMs !== undefined && this.options.cluster.nodes.length > 1
    const runs = isPromised ? { runsWithinMs } : {}
    this.#recorder.note("fault", { does, ...runs })
    const over = sleep(lastsMs)
    await (isShort ? Promise.race([over, this.#recorder.more("ok", BETWEEN)]) : over)
    await this.#within(`what it did is undone: ${does}`, heal)
    this.#recorder.note("fault", { does: `healed: ${does}`, ...runs })
    await this.#within("publications are acknowledged again", () => this.#recorder.more("ok", BETWEEN))
    await this.#within("what falls due is published again", () => this.#runs(now()))
  }

  /** Nothing is late any more: the next fault has not to answer for this one. */
  #runs(after: number): Promise<void> {
    return this.#recorder.next("delivered", ({ payload }) => (runOf(payload)?.due ?? 0) > after)
  }

  async #settle(): Promise<void> {
    const publishing = this.#publishers.map((publisher) => publisher.stop())
    await this.#within("all that was published with a key is acknowledged", () => Promise.all(publishing))
    for (const { attempts } of this.#publishers) attempts.giveUp()
    await Promise.all(publishing)
    await this.#within("the schedule comes to its end", (signal) => this.#ticker.end(signal))
    const channels = [...CHANNELS, TICKS]
    for (const channel of channels) {
      const top = await this.#within(`${channel} can be read`, (signal) => this.#topOf(channel, signal))
      if (top === undefined) continue
      await Promise.all(
        this.#watchers.map((watcher) =>
          this.#within(
            () =>
              `${watcher.name} has ${channel} up to ${top.offset}: ${JSON.stringify(watcher.at(channel))}`,
            () => watcher.reaches(channel, top)
          )
        )
      )
    }
    for (const node of this.options.cluster.nodes)
      await this.#within(`${node.name} is well`, (signal) => isWell(node, signal))
    this.#recorder.note("settled", {})
    for (const channel of channels)
      for (const node of this.options.cluster.nodes)
        await this.#within(`${node.name} tells the history of ${channel}`, (signal) =>
          this.#read(node, channel, signal)
        )
    await this.#within("every node tells of the runs", (signal) => this.#ticker.readRuns(signal))
  }

  #topOf(channel: string, signal: AbortSignal): Promise<Position> {
    return until(async () => {
      const node = this.#random.pick(this.options.cluster.nodes)
      const { json } = await node.ask("POST", "/api/history", { channel, limit: 0 })
      return json.result && { offset: json.result.offset, epoch: json.result.epoch }
    }, signal)
  }

  #read(node: ClusterNode, channel: string, signal: AbortSignal): Promise<true> {
    return until(async () => {
      const asked = now()
      const { offset, epoch, publications } = (await node.ask("POST", "/api/history", { channel, limit: -1 }))
        .json.result
      const entries = (publications as ReadonlyArray<{ offset: number; data: unknown }>).map((one) => ({
        offset: one.offset,
        payload: payloadOf(one.data)
      }))
      this.#recorder.note("read", { asked, node: node.name, channel, position: { offset, epoch }, entries })
      return true as const
    }, signal)
  }

  /** What does not come within the time to heal, and what the machine takes besides, is noted, and the trial goes on. */
  async #within<A>(
    what: string | (() => string),
    wait: (signal: AbortSignal) => Promise<A>
  ): Promise<A | undefined> {
    const { healMs = HEAL_MS } = this.options
    const late = new AbortController()
    const signal = AbortSignal.any([this.#ended.signal, late.signal])
    const [began, waitedBefore] = [now(), this.#waitedMs]
    const look = () => {
      const left = began + healMs + this.#waitedMs - waitedBefore - now()
      if (left <= 0) late.abort()
      else timer = setTimeout(look, left)
    }
    let timer = setTimeout(look, healMs)
    const gone = new Promise<undefined>((resolve) => {
      signal.addEventListener("abort", () => resolve(undefined))
    })
    const found = wait(signal).catch((error: unknown) => {
      if (!signal.aborted) throw error
      return undefined
    })
    return Promise.race([found, gone]).finally(() => {
      clearTimeout(timer)
      if (signal.aborted) this.#unhealed.push(typeof what === "string" ? what : what())
    })
  }

  #judge(): Outcome {
    const { history } = this.#recorder
    const verdict = check(history)
    const isGood = verdict.anomalies.length === 0 && this.#unhealed.length === 0
    const lines = [report(history, verdict), ...this.#unhealed.map((what) => `did not heal: ${what}`)]
    if (!isGood) {
      const file = join(tmpdir(), `clarion-history-${history.seed}-${process.pid}.json`)
      writeHistory(file, history)
      writeFileSync(`${file}.log`, this.options.cluster.nodes.map(logOf).join(""))
      lines.push(
        `the history is in ${file}, what the nodes logged in ${file}.log: CLARION_TEST_HISTORY=${file} npx vitest run test/fault/cluster/again.test.ts`
      )
    }
    return { history, verdict, unhealed: this.#unhealed, report: lines.join("\n") }
  }
}

export const runTrial = (options: TrialOptions): Promise<Outcome> => new Trial(options).run()
