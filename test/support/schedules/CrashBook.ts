/** What clients of a server that is killed again and again were told, and what they asked for without an answer. */
import type { scheduleClient } from "./scheduleClient.ts"

type Api = ReturnType<typeof scheduleClient>

interface Entry {
  readonly id: string
  readonly isShort: boolean
}

/** Due while the round lasts, or not before the test is over. */
const SHORT_MS = 150
const LONG = "10 hours"

export class CrashBook {
  /** Schedules whose creation was answered. */
  readonly accepted = new Map<string, Entry>()
  /** Those whose end was answered. */
  readonly cancelled = new Set<string>()
  /** Those that may be cancelled: it was asked for, and the answer may have been lost. */
  readonly doubtful = new Set<string>()
  /** Texts of publications by the offsets that were answered. */
  readonly acknowledged = new Map<number, string>()
  /** There should be none. */
  readonly refused: Array<string> = []
  answers = 0
  #next = 0
  #onAnswer: (() => void) | undefined

  /** Settles after so many more answers. */
  answered(count: number): Promise<void> {
    const wanted = this.answers + count
    return new Promise((resolve) => {
      this.#onAnswer = () => {
        if (this.answers >= wanted) resolve()
      }
    })
  }

  /** Asks one thing after the other until the server is gone. */
  async work(api: Api): Promise<void> {
    try {
      while (true) await this.#step(api, this.#next++)
    } catch {
      // The server was killed in the middle of an answer.
    }
  }

  async #step(api: Api, step: number): Promise<void> {
    if (step % 4 === 3) await this.#publish(api, step)
    else await this.#create(api, step)
    if (step % 8 === 6) await this.#cancel(api)
  }

  async #create(api: Api, step: number): Promise<void> {
    const entry = { id: `s${step}`, isShort: step % 3 !== 0 }
    const { status } = await api("POST", "/api/schedules", {
      id: entry.id,
      channels: ["runs"],
      delay: entry.isShort ? (step * 37) % SHORT_MS : LONG,
      template: { schedule: entry.id, due: "{{dueMs}}" }
    })
    if (status === 201) this.accepted.set(entry.id, entry)
    else this.refused.push(`${entry.id}: ${status}`)
    this.#note()
  }

  /** The youngest that nobody has thought of cancelling. */
  async #cancel(api: Api): Promise<void> {
    const id = [...this.accepted.keys()].reverse().find((one) => !this.doubtful.has(one))
    if (id === undefined) return
    this.doubtful.add(id)
    const { status } = await api("DELETE", `/api/schedules/${id}`)
    // It may be over already.
    if (status === 200) this.cancelled.add(id)
    this.#note()
  }

  async #publish(api: Api, step: number): Promise<void> {
    const text = `"publication ${step}"`
    const { json } = await api("POST", "/api/publish", `{"channel":"published","data":${text}}`)
    this.acknowledged.set(json.result.offset, JSON.parse(text))
    this.#note()
  }

  #note(): void {
    this.answers++
    this.#onAnswer?.()
  }
}
