import { describe, expect, it } from "vitest"
import { BrokerUnavailable } from "../../../../src/services/broker/Broker.ts"
import { Questions } from "../../../../src/services/nats/Questions.ts"

/** Questions that are answered when the test says so. */
const asked = () => {
  const open: Array<{ readonly name: string; readonly answer: () => void; readonly fail: () => void }> = []
  const ask = (name: string) => () =>
    new Promise<string>((resolve, reject) =>
      open.push({ name, answer: () => resolve(name), fail: () => reject(new Error(name)) })
    )
  return { open, ask, names: () => open.map(({ name }) => name) }
}

let now = 0

const make = (underWay: number, waiting: number) => {
  const questions = new Questions({ underWay, waiting, waitMs: 1000 }, () => now)
  return { questions, inTurn: <A>(ask: () => Promise<A>) => questions.ask(ask) }
}

describe("bounded questions", () => {
  it("so many are under way, others follow in order, also after one that failed", async () => {
    const { open, ask, names } = asked()
    const { inTurn } = make(2, 10)
    const answers = ["a", "b", "c", "d"].map((name) => inTurn(ask(name)))
    expect(names()).toEqual(["a", "b"])
    open[1]!.fail()
    await expect(answers[1]).rejects.toThrow("b")
    expect(names()).toEqual(["a", "b", "c"])
    open[0]!.answer()
    expect(await answers[0]).toBe("a")
    expect(names()).toEqual(["a", "b", "c", "d"])
    for (const { answer } of open) answer()
    expect(await Promise.all([answers[2], answers[3]])).toEqual(["c", "d"])
    const later = inTurn(ask("e"))
    open.at(-1)!.answer()
    expect(await later).toBe("e")
  })

  it("what throws gives its turn back", async () => {
    const { inTurn } = make(1, 0)
    const failing = () => {
      throw new Error("now")
    }
    await expect(inTurn(failing)).rejects.toThrow("now")
    expect(await inTurn(() => Promise.resolve(1))).toBe(1)
  })

  it("beyond those that may wait they are refused", async () => {
    const { open, ask } = asked()
    const { inTurn } = make(1, 1)
    const taken = [inTurn(ask("a")), inTurn(ask("b"))]
    await expect(inTurn(ask("c"))).rejects.toBeInstanceOf(BrokerUnavailable)
    open[0]!.answer()
    await taken[0]
    open[1]!.answer()
    expect(await taken[1]).toBe("b")
  })

  it("who has waited too long is refused when it is its turn, and the next one follows", async () => {
    const { open, ask, names } = asked()
    const { inTurn } = make(1, 10)
    const first = inTurn(ask("a"))
    const late = inTurn(ask("b"))
    now += 1001
    const next = inTurn(ask("c"))
    open[0]!.answer()
    await first
    await expect(late).rejects.toBeInstanceOf(BrokerUnavailable)
    expect(names()).toEqual(["a", "c"])
    open[1]!.answer()
    expect(await next).toBe("c")
  })

  it("when they are forgotten those that wait are refused, and others do not wait for those under way", async () => {
    const { open, ask, names } = asked()
    const { questions, inTurn } = make(1, 10)
    const old = inTurn(ask("a"))
    const waiting = [inTurn(ask("b")), inTurn(ask("c"))]
    questions.forget()
    for (const one of waiting) await expect(one).rejects.toBeInstanceOf(BrokerUnavailable)
    const [d, e] = [inTurn(ask("d")), inTurn(ask("e"))]
    expect(names()).toEqual(["a", "d"])
    open[0]!.answer()
    expect(await old).toBe("a")
    expect(names()).toEqual(["a", "d"])
    open[1]!.answer()
    expect(await d).toBe("d")
    open[2]!.answer()
    expect(await e).toBe("e")
  })
})
