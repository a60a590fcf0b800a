import type { StreamConfig } from "@nats-io/jetstream"
import { nanos } from "@nats-io/transport-node"
import { describe, expect, it } from "vitest"
import { widened } from "../../../../src/services/nats/ensureStreams.ts"

const LIMITS = {
  max_age: nanos(60_000),
  max_msgs_per_subject: 20,
  num_replicas: 3,
  duplicate_window: nanos(30_000)
}
const found = { name: "s", subjects: ["s.*"], ...LIMITS } as StreamConfig
const wanted = (more: Partial<StreamConfig>) => ({ name: "s", subjects: ["s.*"], ...LIMITS, ...more })

describe("a stream that is there", () => {
  it("stays where it is as wanted", () =>
    expect(widened(found, wanted({}))).toEqual({ config: wanted({}), isNew: false, less: [] }))

  it.each<[Partial<StreamConfig>, string]>([
    [{ max_age: nanos(2_500) }, "--max-age=2500ms"],
    [{ max_msgs_per_subject: 12 }, "--max-msgs-per-subject=12"],
    [{ num_replicas: 1 }, "--replicas=1"],
    [{ duplicate_window: nanos(1000) }, "--dupe-window=1000ms"]
  ])("stays where less is wanted, and is told how it gets that: %j", (less, flag) =>
    expect(widened(found, wanted(less))).toEqual({ config: wanted({}), isNew: false, less: [flag] })
  )

  it.each<Partial<StreamConfig>>([
    { max_age: nanos(70_000) },
    { max_age: 0 },
    { max_msgs_per_subject: 21 },
    { max_msgs_per_subject: -1 },
    { num_replicas: 5 },
    { duplicate_window: nanos(31_000) }
  ])("is widened where more is wanted: %j", (more) =>
    expect(widened(found, wanted(more))).toEqual({ config: wanted(more), isNew: true, less: [] })
  )

  it("takes more of the one and leaves the other", () => {
    const { config, isNew, less } = widened(found, wanted({ max_msgs_per_subject: 100, num_replicas: 1 }))
    expect(config).toEqual(wanted({ max_msgs_per_subject: 100 }))
    expect([isNew, less]).toEqual([true, ["--replicas=1"]])
  })

  it("without a limit gets none", () => {
    const { config, isNew, less } = widened(
      { ...found, max_age: 0, max_msgs_per_subject: -1 },
      wanted({ max_msgs_per_subject: 5 })
    )
    expect([config.max_age, config.max_msgs_per_subject, isNew]).toEqual([0, -1, false])
    expect(less).toEqual(["--max-age=60000ms", "--max-msgs-per-subject=5"])
  })
})
