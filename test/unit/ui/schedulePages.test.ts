import { describe, expect, it } from "vitest"
import { type Ask, loadSchedules } from "../../../src/ui/dashboard/schedules/schedulePages.ts"

/** A server with so many schedules of a state; a cursor is the place of the next. */
const serverWith = (total: number, asked: Array<string> = []): Ask => {
  return async (_method, path) => {
    asked.push(path)
    const query = new URL(path, "http://server").searchParams
    const [from, limit] = [Number(query.get("cursor") ?? 0), Number(query.get("limit"))]
    const end = Math.min(total, from + limit)
    const schedules = Array.from({ length: end - from }, (_, at) => ({ id: String(from + at) }))
    const value = end < total ? { schedules, cursor: String(end) } : { schedules }
    return { isOk: true, status: 200, text: JSON.stringify(value), value }
  }
}

const load = async (total: number, least: number, from?: string, asked?: Array<string>) => {
  const page = await loadSchedules(serverWith(total, asked), "paused", least, from)
  if ("problem" in page) throw new Error(page.problem)
  return [page.schedules[0]?.id, page.schedules.length, page.cursor]
}

describe("schedules of a state", () => {
  it("come a hundred at a time, and say where the rest begins", async () => {
    expect(await load(300, 0)).toEqual(["0", 100, "100"])
    expect(await load(300, 0, "200")).toEqual(["200", 100, undefined])
    expect(await load(0, 0)).toEqual([undefined, 0, undefined])
  })

  it("come again as many as were shown, however many requests that takes", async () => {
    const asked: Array<string> = []
    expect(await load(5000, 2300, undefined, asked)).toEqual(["0", 2300, "2300"])
    expect(asked.map((path) => new URLSearchParams(path.split("?")[1]).get("limit"))).toEqual([
      "1000",
      "1000",
      "300"
    ])
    expect(await load(120, 2300)).toEqual(["0", 120, undefined])
  })

  it("are none where a page of them is refused, as half of a list would look like all", async () => {
    const server = serverWith(3000)
    const refuses: Ask = async (method, path) =>
      path.includes("cursor") ? { isOk: false, status: 503, text: "", problem: "busy" } : server(method, path)
    expect(await loadSchedules(refuses, "paused", 1200)).toEqual({ problem: "busy" })
  })
})
