import { expect, it } from "vitest"
import { AckOutbox } from "../../../../src/services/workers/AckOutbox.ts"
import type { FromWorker } from "../../../../src/services/workers/messages.ts"

const make = () => {
  const sent: Array<FromWorker> = []
  const due: Array<() => void> = []
  const outbox = new AckOutbox(
    (message) => void sent.push(message),
    (tell) => void due.push(tell)
  )
  const pass = () => {
    for (const tell of due.splice(0)) tell()
  }
  return { outbox, sent, due, pass }
}

it("acknowledgements are told together, a number for each receipt", () => {
  const { outbox, sent, pass } = make()
  for (const id of ["a", "b", "a", "a"]) outbox.add(id)
  expect(sent).toEqual([])
  pass()
  expect(sent).toEqual([
    {
      _tag: "Acked",
      counts: [
        ["a", 3],
        ["b", 1]
      ]
    }
  ])
  outbox.taken()
  pass()
  expect(sent).toHaveLength(1)
})

it("one message is under way at a time: what comes meanwhile waits until the primary has taken it", () => {
  const { outbox, sent, due, pass } = make()
  outbox.add("a")
  pass()
  for (let i = 0; i < 1000; i++) outbox.add("b")
  pass()
  expect([sent.length, due.length]).toEqual([1, 0])
  outbox.taken()
  pass()
  expect(sent[1]).toEqual({ _tag: "Acked", counts: [["b", 1000]] })
})
