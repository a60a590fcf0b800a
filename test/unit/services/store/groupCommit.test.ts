/** Commits that share transactions. */
import { EventEmitter, once } from "node:events"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import { expect, it } from "vitest"
import {
  GroupCommit,
  type PreparedWrite,
  TRANSACTION_BYTES,
  TRANSACTION_WRITES
} from "../../../../src/services/store/GroupCommit.ts"
import { StoreFailed } from "../../../../src/services/store/Store.ts"

/** A disk that takes each transaction as it is told. */
const disk = (outcome: (transaction: number) => Promise<void> = async () => {}) => {
  const transactions: Array<ReadonlyArray<PreparedWrite>> = []
  const commits = new GroupCommit((writes) => outcome(transactions.push(writes) - 1))
  const commit = (name: string, writes = 1, bytes = 1) =>
    commits.commit(() => ({
      writes: Array.from({ length: writes }, () => ({ table: "t", key: [name] })),
      bytes
    }))
  const names = () => transactions.map((writes) => [...new Set(writes.map(({ key }) => key[0]))].join(" "))
  return { commits, commit, names, transactions }
}

const together = (commits: ReadonlyArray<Effect.Effect<void, StoreFailed>>) =>
  Effect.runPromise(Effect.forEach(commits, Effect.exit, { concurrency: "unbounded" }))

it("what is asked for in one turn, or while another is written, is one transaction", async () => {
  const gate = new EventEmitter()
  const { commit, names } = disk(async (transaction) => {
    if (transaction === 0) await once(gate, "open")
  })
  const first = together([commit("a"), commit("b")])
  await new Promise((resolve) => setImmediate(resolve))
  expect(names()).toEqual(["a b"])
  const second = together([commit("c")])
  await new Promise((resolve) => setImmediate(resolve))
  const third = together([commit("d"), commit("e")])
  gate.emit("open")
  await Promise.all([first, second, third])
  expect(names()).toEqual(["a b", "c d e"])
})

it("a transaction has bounds; commits are whole, and in their order, in those that follow", async () => {
  const { commit, names, transactions } = disk()
  const half = TRANSACTION_WRITES / 2
  await together([
    commit("a", half),
    commit("b", half),
    commit("c", 1),
    commit("large", 3 * TRANSACTION_WRITES),
    commit("d", 1, TRANSACTION_BYTES - 1),
    commit("e", 1, 1),
    commit("f", 1, 1)
  ])
  expect(names()).toEqual(["a b", "c", "large", "d e", "f"])
  expect(transactions[2]).toHaveLength(3 * TRANSACTION_WRITES)
})

it("a transaction that fails is the failure of its commits, and not of those behind it", async () => {
  const full = new StoreFailed({ reason: "full", detail: "no room" })
  const { commit, names } = disk((transaction) =>
    transaction === 0 ? Promise.reject(full) : Promise.resolve()
  )
  const outcomes = await together([commit("a"), commit("b"), commit("large", 2 * TRANSACTION_WRITES)])
  expect(outcomes).toEqual([Exit.fail(full), Exit.fail(full), Exit.void])
  expect(names()).toEqual(["a b", "large"])
})

it("is settled when nothing is written and nothing waits", async () => {
  const { commit, commits, names } = disk()
  await Effect.runPromise(commits.settled)
  void together([commit("a"), commit("large", 2 * TRANSACTION_WRITES)])
  await Effect.runPromise(commits.settled)
  expect(names()).toEqual(["a", "large"])
})
