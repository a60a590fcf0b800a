import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { initialTransition, transition } from "xstate"
import {
  backoffMs,
  type LifecycleEvent,
  type LifecycleState,
  lifecycleMachine,
  type RestartPolicy
} from "../../../src/actors/lifecycleMachine.ts"

const POLICY: RestartPolicy = { budget: 3, windowMs: 1000, backoffMs: 100, maxBackoffMs: 500 }

/** What xstate sends itself when the backoff is over. */
const BACKOFF_OVER = { type: "xstate.after.backoff.lifecycle.restarting" } as never

const started: LifecycleEvent = { type: "started" }
const stop: LifecycleEvent = { type: "stop" }
const finished: LifecycleEvent = { type: "finished" }
const crashed = (at: number, cause = "a bug"): LifecycleEvent => ({ type: "crashed", at, cause })

const after = (events: ReadonlyArray<LifecycleEvent>, policy = POLICY) => {
  let [snapshot, actions] = initialTransition(lifecycleMachine, policy)
  for (const event of events) [snapshot, actions] = transition(lifecycleMachine, snapshot, event)
  return { snapshot, actions, state: snapshot.value as LifecycleState, context: snapshot.context }
}

/** The shortest way into each state. */
const ways: Record<LifecycleState, ReadonlyArray<LifecycleEvent>> = {
  starting: [],
  serving: [started],
  restarting: [started, crashed(0)],
  draining: [started, stop],
  stopped: [started, stop, finished],
  failed: [started, crashed(0), BACKOFF_OVER, crashed(1), BACKOFF_OVER, crashed(2), BACKOFF_OVER, crashed(3)]
}

describe("the lifecycle machine", () => {
  const table: ReadonlyArray<readonly [LifecycleState, LifecycleEvent, LifecycleState]> = [
    ["starting", started, "serving"],
    ["starting", crashed(0), "restarting"],
    ["starting", stop, "draining"],
    ["starting", finished, "starting"],
    ["serving", started, "serving"],
    ["serving", crashed(0), "restarting"],
    ["serving", stop, "draining"],
    ["serving", finished, "serving"],
    ["restarting", BACKOFF_OVER, "starting"],
    ["restarting", started, "restarting"],
    ["restarting", crashed(0), "restarting"],
    ["restarting", stop, "stopped"],
    ["restarting", finished, "restarting"],
    ["draining", finished, "stopped"],
    ["draining", crashed(0), "stopped"],
    ["draining", started, "draining"],
    ["draining", stop, "draining"],
    ["stopped", started, "stopped"],
    ["stopped", crashed(0), "stopped"],
    ["failed", started, "failed"],
    ["failed", stop, "failed"]
  ]
  it.each(table)("%s, on %j, is %s", (from, event, to) => {
    expect(after(ways[from]).state).toBe(from)
    expect(after([...ways[from], event]).state).toBe(to)
  })

  it("starts without a past", () => {
    expect(after([]).context).toEqual({ policy: POLICY, crashes: [], restarts: 0, cause: undefined })
  })

  it("ends in stopped and failed", () => {
    expect(after(ways.stopped).snapshot.status).toBe("done")
    expect(after(ways.failed).snapshot.status).toBe("done")
    expect(after(ways.draining).snapshot.status).toBe("active")
  })

  it("keeps the cause of the last crash, also of one in the end", () => {
    const crashes = [started, crashed(0, "first"), BACKOFF_OVER, started, crashed(1, "second")]
    expect(after(crashes).context.cause).toBe("second")
    expect(after([...ways.draining, crashed(5, "late")]).context.cause).toBe("late")
    expect(after(ways.failed).context.crashes).toEqual([0, 1, 2, 3])
  })

  it("counts a restart when the backoff is over, and not the crash that fails it", () => {
    expect(after(ways.restarting).context.restarts).toBe(0)
    expect(after([...ways.restarting, BACKOFF_OVER]).context.restarts).toBe(1)
    expect(after(ways.failed).context.restarts).toBe(POLICY.budget)
  })
})

describe("the restart budget", () => {
  it("of 0 makes the first crash the last", () => {
    expect(after([started, crashed(0)], { ...POLICY, budget: 0 }).state).toBe("failed")
  })

  it("is renewed as the window slides: old crashes are forgotten", () => {
    const three = [crashed(0), BACKOFF_OVER, crashed(400), BACKOFF_OVER, crashed(800), BACKOFF_OVER]
    expect(after([...three, crashed(999)]).state).toBe("failed")
    expect(after([...three, crashed(1000)]).state).toBe("restarting")
    expect(after([...three, crashed(1000)]).context.crashes).toEqual([400, 800, 1000])
    expect(after([...three, crashed(1000), BACKOFF_OVER, crashed(1399)]).state).toBe("failed")
  })

  it("allows exactly `budget` crashes in any window", () => {
    const gaps = fc.array(fc.nat(400), { maxLength: 40 })
    fc.assert(
      fc.property(gaps, fc.integer({ min: 0, max: 5 }), (gaps, budget) => {
        const policy = { ...POLICY, budget }
        const times: Array<number> = []
        let [snapshot] = initialTransition(lifecycleMachine, policy)
        let at = 0
        for (const gap of gaps) {
          at += gap
          const recent = times.filter((time) => time > at - policy.windowMs).length
          ;[snapshot] = transition(lifecycleMachine, snapshot, crashed(at))
          expect(snapshot.value).toBe(recent < budget ? "restarting" : "failed")
          if (snapshot.value === "failed") return
          times.push(at)
          ;[snapshot] = transition(lifecycleMachine, snapshot, BACKOFF_OVER)
        }
        expect(snapshot.context.restarts).toBe(times.length)
      })
    )
  })
})

describe("the backoff", () => {
  const delays = (count: number, policy: RestartPolicy) => {
    const events = Array.from({ length: count }, (_, i) => [crashed(i), BACKOFF_OVER]).flat()
    return Array.from({ length: count }, (_, i) =>
      backoffMs(after(events.slice(0, i * 2 + 1), policy).context)
    )
  }

  it("doubles with each crash in the window, up to its bound", () => {
    expect(delays(6, { ...POLICY, budget: 10 })).toEqual([100, 200, 400, 500, 500, 500])
  })

  it("stays at its bound however often an actor crashes", () => {
    const crashes = Array.from({ length: 5000 }, (_, i) => i)
    expect(backoffMs({ policy: POLICY, crashes, restarts: 0, cause: "" })).toBe(500)
  })

  it("begins anew when the window has passed", () => {
    const { context } = after([crashed(0), BACKOFF_OVER, crashed(10), BACKOFF_OVER, crashed(5000)])
    expect(backoffMs(context)).toBe(100)
  })

  it("is what the machine waits for before it starts again", () => {
    const { actions } = after([started, crashed(0), BACKOFF_OVER, crashed(1)])
    const delayed = actions.find(({ type }) => type === "xstate.raise")
    expect(delayed?.params).toMatchObject({ delay: 200 })
  })

  it("is not waited for when the actor is stopped meanwhile", () => {
    const { actions } = after([started, crashed(0), stop])
    expect(actions.map(({ type }) => type)).toContain("xstate.cancel")
  })
})
