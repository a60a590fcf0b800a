import { describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Metric from "effect/Metric"
import * as Scope from "effect/Scope"
import fc from "fast-check"
import { expect } from "vitest"
import { Metrics, type Sample } from "../../../src/services/Metrics.ts"

const gauge = (name: string, value: number, labels?: Record<string, string>): Sample => ({
  type: "gauge",
  name,
  help: `what ${name} tells`,
  value,
  ...(labels === undefined ? {} : { labels })
})
const counter = (name: string, value: number, labels?: Record<string, string>): Sample => ({
  ...gauge(name, value, labels),
  type: "counter"
})

const HELP = /^# HELP ([a-zA-Z_:][a-zA-Z0-9_:]*) \S.*$/
const TYPE = /^# TYPE ([a-zA-Z_:][a-zA-Z0-9_:]*) (counter|gauge|histogram|summary)$/
const LABEL = String.raw`[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\["\\n])*"`
const SAMPLE = new RegExp(
  String.raw`^([a-zA-Z_:][a-zA-Z0-9_:]*)(\{${LABEL}(?:,${LABEL})*\})? (-?\d+(?:\.\d+)?(?:e[+-]?\d+)?|[+-]Inf|NaN)$`
)

/** Reads Prometheus' text format 0.0.4 as strictly as a scraper may; gives values by name and labels. */
const parse = (text: string): ReadonlyMap<string, number> => {
  expect(text === "" || text.endsWith("\n")).toBe(true)
  const values = new Map<string, number>()
  const families = new Set<string>()
  let family = ""
  for (const line of text.split("\n").slice(0, -1)) {
    const [, helped] = HELP.exec(line) ?? []
    const [, typed] = TYPE.exec(line) ?? []
    const [, name, labels = "", value] = SAMPLE.exec(line) ?? []
    if (typed !== undefined) {
      expect(families.has(typed), `a second family ${typed}`).toBe(false)
      families.add(typed)
      family = typed
    } else if (helped === undefined) {
      expect(name, line).toBeDefined()
      expect([family, `${family}_bucket`, `${family}_sum`, `${family}_count`], line).toContain(name)
      expect(values.has(`${name}${labels}`), `${line} twice`).toBe(false)
      values.set(`${name}${labels}`, Number(value === "+Inf" ? "Infinity" : value))
    }
  }
  return values
}

const scrape = Effect.flatMap(Metrics, ({ text }) => text)

const test = (name: string, body: () => Effect.Effect<void, unknown, Metrics | Scope.Scope>) =>
  it.effect(name, () =>
    body().pipe(
      Effect.provide(Metrics.layer),
      // The process-wide registry is other tests' too.
      Effect.provideService(Metric.MetricRegistry, new Map())
    )
  )

describe("the text of metrics", () => {
  test("without metrics is empty", () =>
    Effect.gen(function* () {
      expect(yield* scrape).toBe("")
    }))

  test("has help, type and value of each", () =>
    Effect.gen(function* () {
      const { register } = yield* Metrics
      yield* register(Effect.succeed([gauge("clarion_connections", 5), counter("clarion_opened_total", 7)]))
      expect(yield* scrape).toBe(
        [
          "# HELP clarion_connections what clarion_connections tells",
          "# TYPE clarion_connections gauge",
          "clarion_connections 5",
          "# HELP clarion_opened_total what clarion_opened_total tells",
          "# TYPE clarion_opened_total counter",
          "clarion_opened_total 7",
          ""
        ].join("\n")
      )
    }))

  test("has one family for all label values of a metric", () =>
    Effect.gen(function* () {
      const { register } = yield* Metrics
      const closed = [
        counter("closed_total", 1, { code: "1000" }),
        counter("closed_total", 2, { code: "1006" })
      ]
      yield* register(Effect.succeed([closed[0]!, gauge("between", 0), closed[1]!]))
      expect([...parse(yield* scrape)]).toEqual([
        ['closed_total{code="1000"}', 1],
        ['closed_total{code="1006"}', 2],
        ["between", 0]
      ])
    }))

  test("is asked for again at each scrape, with absolute values", () =>
    Effect.gen(function* () {
      const { register } = yield* Metrics
      let count = 10
      yield* register(Effect.sync(() => [counter("c_total", count), gauge("g", -count, { a: "b" })]))
      for (const value of [10, 10, 12]) {
        count = value
        const values = parse(yield* scrape)
        expect([values.get("c_total"), values.get('g{a="b"}')]).toEqual([value, -value])
      }
    }))

  test("forgets who has left, and the label values that are gone", () =>
    Effect.gen(function* () {
      const { register } = yield* Metrics
      const scope = yield* Scope.make()
      let labels: Record<string, string> = { shard: "1" }
      yield* register(Effect.sync(() => [gauge("stays", 1, labels)]))
      yield* Scope.provide(register(Effect.succeed([gauge("goes", 1)])), scope)
      expect(parse(yield* scrape).size).toBe(2)
      yield* Scope.close(scope, Exit.void)
      labels = { shard: "2" }
      expect([...parse(yield* scrape).keys()]).toEqual(['stays{shard="2"}'])
    }))

  test("has the program's own Effect metrics besides, which go on counting", () =>
    Effect.gen(function* () {
      const { register } = yield* Metrics
      const mine = Metric.histogram("mine_seconds", { description: "mine", boundaries: [0.1, 1] })
      yield* register(Effect.succeed([gauge("g", 1)]))
      yield* Metric.update(mine, 0.5)
      yield* scrape
      yield* Metric.update(mine, 0.05)
      const values = parse(yield* scrape)
      expect(values.get("g")).toBe(1)
      expect(values.get("mine_seconds_count")).toBe(2)
      expect(values.get('mine_seconds_bucket{le="0.1"}')).toBe(1)
      expect(values.get('mine_seconds_bucket{le="1"}')).toBe(2)
    }))

  test("adds up what several tell of the same name and labels", () =>
    Effect.gen(function* () {
      const { register } = yield* Metrics
      yield* register(Effect.succeed([counter("c_total", 1, { a: "b" }), gauge("g", 2)]))
      yield* register(Effect.succeed([counter("c_total", 10, { a: "b" }), gauge("g", 20)]))
      yield* register(Effect.succeed([counter("c_total", 100, { a: "c" })]))
      expect([...parse(yield* scrape)]).toEqual([
        ['c_total{a="b"}', 11],
        ['c_total{a="c"}', 100],
        ["g", 22]
      ])
    }))

  test("asks other processes before it collects what is known of them", () =>
    Effect.gen(function* () {
      const { register, registerOthers, known, refresh } = yield* Metrics
      const asked: Array<number> = []
      yield* registerOthers((maxAgeMs) => Effect.sync(() => void asked.push(maxAgeMs)))
      yield* register(Effect.sync(() => [gauge("times_asked", asked.length)]))
      expect([...parse(yield* scrape)]).toEqual([["times_asked", 1]])
      expect((yield* known).map(({ value }) => value)).toEqual([1])
      yield* refresh(750)
      expect(asked).toEqual([0, 750])
    }))

  test("has details that are not among what is known at a glance", () =>
    Effect.gen(function* () {
      const { register, registerDetails, known, samples } = yield* Metrics
      yield* register(Effect.succeed([gauge("g", 1)]))
      yield* registerDetails(Effect.succeed([gauge("detail", 2)]))
      expect((yield* known).map(({ name }) => name)).toEqual(["g"])
      expect((yield* samples).map(({ name }) => name)).toEqual(["g", "detail"])
      expect([...parse(yield* scrape).keys()]).toEqual(["g", "detail"])
    }))

  test("survives labels and values of any kind", () =>
    Effect.gen(function* () {
      const { register } = yield* Metrics
      const odd = ['quote " and \\ slash', "two\nlines", "", "ünï", "{}=,"]
      yield* register(Effect.succeed(odd.map((label, i) => gauge("g", i, { label }))))
      yield* register(Effect.succeed([gauge("large", 1e21), gauge("small", 1e-7), gauge("none", Number.NaN)]))
      const values = parse(yield* scrape)
      expect(values.size).toBe(odd.length + 3)
      expect([values.get("large"), values.get("small"), values.get("none")]).toEqual([1e21, 1e-7, Number.NaN])
    }))
})

it.live("the text of very many is written in turns, between which others have theirs", () =>
  Effect.gen(function* () {
    const shards = Array.from({ length: 20_000 }, (_, i) => gauge("depth", i, { actor: `shard-${i}` }))
    yield* (yield* Metrics).register(Effect.succeed(shards))
    let turns = 0
    const count = () => {
      turns++
      handle = setImmediate(count)
    }
    let handle = setImmediate(count)
    const text = yield* scrape
    clearImmediate(handle)
    expect(text.split("\n")).toHaveLength(20_003)
    expect(turns).toBeGreaterThan(60)
  }).pipe(
    Effect.provide(Metrics.layer),
    Effect.provideService(Metric.MetricRegistry, new Map()),
    Effect.scoped
  )
)

it("any counters and gauges are a valid exposition, and told exactly, however often they are asked for", () => {
  const name = fc.stringMatching(/^[a-z](?:_?[a-z0-9]){0,10}$/)
  const labels = fc.dictionary(fc.stringMatching(/^[a-z]{1,5}$/), fc.string(), { maxKeys: 2 })
  const value = fc.oneof(
    fc.nat(),
    fc.double({ min: 0, max: 1e12, noNaN: true }).map((n) => (n === 0 ? 0 : n))
  )
  const sample = fc
    .tuple(fc.boolean(), name, value, labels)
    .map(([counts, name, value, labels]) =>
      counts ? counter(`c_${name}_total`, value, labels) : gauge(`g_${name}`, value, labels)
    )
  const samples = fc.uniqueArray(sample, {
    maxLength: 10,
    selector: ({ name, labels = {} }) => JSON.stringify([name, Object.entries(labels).sort()])
  })
  // Effect takes these two label names for itself.
  const free = samples.filter((all) => all.every(({ labels = {} }) => !("unit" in labels)))
  return fc.assert(
    fc.asyncProperty(free, (samples) =>
      Effect.gen(function* () {
        yield* (yield* Metrics).register(Effect.succeed(samples))
        const once = yield* scrape
        const values = parse(once)
        expect([...values.values()].sort()).toEqual(samples.map(({ value }) => value).sort())
        expect(yield* scrape).toBe(once)
      }).pipe(
        Effect.provide(Metrics.layer),
        Effect.provideService(Metric.MetricRegistry, new Map()),
        Effect.scoped,
        Effect.runPromise
      )
    )
  )
})
