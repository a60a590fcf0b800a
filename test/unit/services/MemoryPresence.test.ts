import { expect, it } from "vitest"
import { MemoryPresence } from "../../../src/services/MemoryPresence.ts"
import { collectGarbage } from "../../support/collectGarbage.ts"

const MiB = 2 ** 20
const MEMBERS = 100_000

const heapUsed = (): number => {
  collectGarbage()
  return process.memoryUsage().heapUsed
}

const takeAll = (presence: MemoryPresence): void => {
  for (const member of presence.take("n1")) presence.forget(member)
}

it.each([
  ["remove", (presence: MemoryPresence, at: number) => presence.remove("n1", `room${at}`, `c${at}`)],
  ["are taken", takeAll]
])("channels and clients that came and went take no memory: they %s", (_, leave) => {
  const presence = new MemoryPresence()
  const before = heapUsed()
  for (let at = 0; at < MEMBERS; at++)
    presence.add("n1", `room${at}`, `c${at}`, { user: `u${at}`, client: `c${at}` })
  const during = heapUsed()
  for (let at = 0; at < MEMBERS; at++) leave(presence, at)
  expect(heapUsed() - before).toBeLessThan(8 * MiB)
  expect(during - before).toBeGreaterThan(40 * MiB)
  expect(presence.stats("room1").numClients).toBe(0)
})
