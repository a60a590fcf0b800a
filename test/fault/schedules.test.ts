/**
 * kill -9, again and again, while schedules are created, fired and cancelled, and while others publish. `CLARION_CRASH_ROUNDS=200 npx vitest run
 * test/fault/schedules.test.ts` is the long form.
 */
import { describe, expect, it } from "vitest"
import { CrashBook } from "../support/schedules/CrashBook.ts"
import { scheduleClient } from "../support/schedules/scheduleClient.ts"
import { launch } from "../support/server/ServerProcess.ts"
import { temporaryFolder } from "../support/server/temporaryFolder.ts"

const ROUNDS = Number(process.env.CLARION_CRASH_ROUNDS ?? 12)
/** Clients at once, each with one request at a time. */
const CLIENTS = 8

const channel = "--channels.withoutNamespace"
const CONFIG = [
  ...["--server.transport", "ws"],
  ...[`${channel}.historySize`, "1000000", `${channel}.historyTtl`, "10 hours"],
  ...[`${channel}.history.durable`, "true"]
]

/** A schedule that goes on through all rounds; each round asks for it again. */
const TICK = {
  id: "tick",
  every: 100,
  channels: ["ticks"],
  template: { due: "{{dueMs}}" }
}

interface Publication {
  readonly offset: number
  // biome-ignore lint/suspicious/noExplicitAny: what the test has published
  readonly data: any
}

describe("a server that is killed again and again", () => {
  it(`${ROUNDS} times: no schedule is missing, none fires twice for one due time, no publication is lost`, {
    timeout: 60_000 + ROUNDS * 15_000
  }, async () => {
    const store = temporaryFolder()
    const book = new CrashBook()
    const start = async () => {
      const server = launch([...CONFIG, "--store.path", store])
      return { server, api: scheduleClient(await server.port()) }
    }
    const tick = { ...TICK, start: new Date().toISOString() }
    for (let round = 0; round < ROUNDS; round++) {
      const { server, api } = await start()
      const { status } = await api("POST", "/api/schedules", tick)
      expect([round, status]).toEqual([round, round === 0 ? 201 : 200])
      const working = Array.from({ length: CLIENTS }, () => book.work(api))
      // Another moment of the work in each round.
      await book.answered(20 + ((round * 53) % 180))
      server.kill("SIGKILL")
      await server.ended
      await Promise.all(working)
    }

    const { api } = await start()
    const historyOf = async (name: string): Promise<ReadonlyArray<Publication>> =>
      (await api("POST", "/api/history", { channel: name, limit: -1 })).json.result.publications
    await api("POST", "/api/schedules/tick/pause")
    // Until all that were due have had their run.
    const unfinished = async () =>
      (await api("GET", "/api/schedules?state=sending&limit=1000")).json.schedules.length
    const scheduleOf = async (id: string) => (await api("GET", `/api/schedules/${id}`)).json
    for (const { id, isShort } of book.accepted.values())
      while (isShort && !["completed", "cancelled", "failed"].includes((await scheduleOf(id)).state));
    expect(await unfinished()).toBe(0)

    const runs = await historyOf("runs")
    const fired = new Map<string, number>()
    for (const { data } of runs) fired.set(data.schedule, (fired.get(data.schedule) ?? 0) + 1)
    expect([...fired].filter(([, times]) => times > 1)).toEqual([])

    for (const { id, isShort } of book.accepted.values()) {
      const { state } = await scheduleOf(id)
      const times = fired.get(id) ?? 0
      if (book.cancelled.has(id)) expect([id, state, times]).toEqual([id, "cancelled", 0])
      else if (book.doubtful.has(id))
        expect([id, ["cancelled", isShort ? "completed" : "scheduled"].includes(state)]).toEqual([id, true])
      else expect([id, state, times]).toEqual(isShort ? [id, "completed", 1] : [id, "scheduled", 0])
    }

    const dues = (await historyOf("ticks")).map(({ data }) => data.due)
    expect(dues.length).toBeGreaterThan(ROUNDS)
    expect(new Set(dues).size).toBe(dues.length)
    expect([...dues].sort((a, b) => a - b)).toEqual(dues)

    const published = new Map((await historyOf("published")).map(({ offset, data }) => [offset, data]))
    for (const [offset, text] of book.acknowledged)
      expect([offset, published.get(offset)]).toEqual([offset, text])
    expect(book.acknowledged.size).toBeGreaterThan(ROUNDS)
    expect(book.cancelled.size).toBeGreaterThan(0)
  })
})
