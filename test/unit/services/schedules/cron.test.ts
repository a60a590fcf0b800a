import * as Cron from "effect/Cron"
import * as Result from "effect/Result"
import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { cronTimes, EXPRESSION_LENGTH, PARSED } from "../../../../src/services/schedules/CronTimes.ts"
import { lastDue, nextDue, upcoming } from "../../../../src/services/schedules/occurrences.ts"
import type { Trigger } from "../../../../src/services/schedules/Schedule.ts"
import { type CronModel, changesOf, walkDue } from "../../../support/schedules/wallClock.ts"

const MINUTE = 60_000
const DAY = 86_400_000
const YEAR = 365 * DAY

const cron = (expression: string, timeZone: string, start = 0): Trigger => ({
  kind: "cron",
  expression,
  timeZone,
  start
})

/** Due times from one time to another, both counted. */
const dueFrom = (trigger: Trigger, from: number, to: number): ReadonlyArray<number> => {
  const times: Array<number> = []
  for (let time = nextDue(trigger, from - 1); time !== undefined && time <= to; time = nextDue(trigger, time))
    times.push(time)
  return times
}

/** The same, from the last to the first. */
const dueBack = (trigger: Trigger, from: number, to: number): ReadonlyArray<number> => {
  const times: Array<number> = []
  for (let time = lastDue(trigger, to); time !== undefined && time >= from; time = lastDue(trigger, time - 1))
    times.unshift(time)
  return times
}

const iso = (times: ReadonlyArray<number>) => times.map((time) => new Date(time).toISOString().slice(0, 16))

/** Zones with changes of one hour, half an hour, a whole day, at midnight, and in a Ramadan. */
const changing: ReadonlyArray<readonly [zone: string, year: number]> = [
  ["America/New_York", 2026],
  ["Europe/Berlin", 2026],
  ["Australia/Lord_Howe", 2026],
  ["America/Sao_Paulo", 2018],
  ["Asia/Beirut", 2022],
  ["Africa/Casablanca", 2024],
  ["Africa/Cairo", 2024],
  ["America/Santiago", 2024],
  ["Pacific/Apia", 2011],
  ["Antarctica/Troll", 2024],
  ["America/Nuuk", 2024],
  ["Asia/Pyongyang", 2015]
]

describe("changes of the clock", () => {
  const table: ReadonlyArray<readonly [about: string, string, string, string, ReadonlyArray<string>]> = [
    [
      "a time that does not exist is due right after the gap",
      "30 2 * * *",
      "America/New_York",
      "2026-03-07T12:00Z",
      ["2026-03-08T07:00", "2026-03-09T06:30"]
    ],
    [
      "times of one gap are one due time",
      "0,30 2,3 * * *",
      "America/New_York",
      "2026-03-08T00:00Z",
      ["2026-03-08T07:00", "2026-03-08T07:30", "2026-03-09T06:00"]
    ],
    [
      "a time that comes twice is due the first time only",
      "30 1 * * *",
      "America/New_York",
      "2026-11-01T00:00Z",
      ["2026-11-01T05:30", "2026-11-02T06:30"]
    ],
    [
      "every half hour is every half hour when the clock goes back",
      "*/30 * * * *",
      "America/New_York",
      "2026-11-01T05:00Z",
      ["2026-11-01T05:00", "2026-11-01T05:30", "2026-11-01T06:00", "2026-11-01T06:30", "2026-11-01T07:00"]
    ],
    [
      "every hour is every hour when the clock goes back",
      "0 * * * *",
      "America/New_York",
      "2026-11-01T05:00Z",
      ["2026-11-01T05:00", "2026-11-01T06:00", "2026-11-01T07:00"]
    ],
    [
      "and when it goes forward",
      "0 * * * *",
      "America/New_York",
      "2026-03-08T06:00Z",
      ["2026-03-08T06:00", "2026-03-08T07:00", "2026-03-08T08:00"]
    ],
    [
      "a gap of half an hour",
      "15 2 * * *",
      "Australia/Lord_Howe",
      "2026-10-03T00:00Z",
      ["2026-10-03T15:30", "2026-10-04T15:15"]
    ],
    [
      "half an hour that comes twice",
      "45 1 * * *",
      "Australia/Lord_Howe",
      "2026-04-04T00:00Z",
      ["2026-04-04T14:45", "2026-04-05T15:15"]
    ],
    [
      "a day that does not exist has no due time",
      "0 12 * * *",
      "Pacific/Apia",
      "2011-12-29T00:00Z",
      ["2011-12-29T22:00", "2011-12-30T22:00", "2011-12-31T22:00"]
    ],
    [
      "a day that begins at 01:00",
      "0 0 * * *",
      "America/Sao_Paulo",
      "2018-11-03T12:00Z",
      ["2018-11-04T03:00", "2018-11-05T02:00"]
    ],
    [
      "a day that begins at 01:00, and has its last hour twice",
      "30 23 * * *",
      "Asia/Beirut",
      "2022-10-29T00:00Z",
      ["2022-10-29T20:30", "2022-10-30T21:30"]
    ]
  ]
  it.each(table)("%s: %s in %s", (_, expression, zone, from, times) => {
    const trigger = cron(expression, zone)
    expect(iso(upcoming(trigger, Date.parse(from) - 1, times.length))).toEqual(times)
  })
})

const range = (from: number, to: number, step = 1): ReadonlyArray<number> =>
  Array.from({ length: Math.floor((to - from) / step) + 1 }, (_, index) => from + index * step)

interface Field {
  readonly text: string
  readonly values: ReadonlyArray<number>
}

/** Single values, lists and ranges are of at most `likely`. */
const field = (min: number, max: number, likely = max): fc.Arbitrary<Field> => {
  const value = fc.integer({ min, max: likely })
  const span = fc.tuple(value, value).map(([a, b]) => [Math.min(a, b), Math.max(a, b)] as const)
  return fc.oneof(
    fc.constant({ text: "*", values: range(min, max) }),
    fc
      .constantFrom(2, 3, 5, Math.min(15, max - min))
      .map((step) => ({ text: `*/${step}`, values: range(min, max, step) })),
    value.map((one) => ({ text: `${one}`, values: [one] })),
    fc
      .uniqueArray(value, { minLength: 2, maxLength: 4 })
      .map((values) => ({ text: values.join(","), values })),
    span.map(([a, b]) => ({ text: `${a}-${b}`, values: range(a, b) })),
    fc.tuple(span, fc.constantFrom(2, 3)).map(([[a, b], step]) => ({
      text: `${a}-${b}/${step}`,
      values: range(a, b, step)
    }))
  )
}

const isWild = ({ text }: Field): boolean => /[*/]/.test(text)
const restricted = ({ text, values }: Field) => (text === "*" ? undefined : new Set(values))

const anyDays = fc.constant({ text: "*", values: range(1, 31) })
const anyWeekdays = fc.constant({ text: "*", values: range(0, 6) })

const models: fc.Arbitrary<CronModel> = fc
  .tuple(
    field(0, 59),
    // More often the hours in which clocks change.
    fc.oneof(field(0, 23), field(0, 23, 3)),
    fc.oneof({ weight: 3, arbitrary: anyDays }, { weight: 1, arbitrary: field(1, 31) }),
    fc.oneof({ weight: 3, arbitrary: anyWeekdays }, { weight: 1, arbitrary: field(0, 6) })
  )
  .map(([minutes, hours, days, weekdays]) => ({
    expression: [minutes.text, hours.text, days.text, "*", weekdays.text].join(" "),
    minutes: new Set(minutes.values),
    hours: new Set(hours.values),
    days: restricted(days),
    weekdays: restricted(weekdays),
    isInterval: isWild(minutes) || isWild(hours) || hours.text === "*"
  }))

describe("due times around every change of a zone", () => {
  it.each(changing)("are those of the rules, forwards and backwards: %s in %i", (zone, year) => {
    const changes = changesOf(zone, Date.UTC(year, 0, 1), Date.UTC(year + 1, 0, 1))
    expect(changes.length).toBeGreaterThan(0)
    fc.assert(
      fc.property(models, fc.constantFrom(...changes), (model, change) => {
        const [from, to] = [change - DAY / 4, change + DAY / 2]
        const expected = iso(walkDue(model, zone, from, to))
        const trigger = cron(model.expression, zone)
        expect(iso(dueFrom(trigger, from, to))).toEqual(expected)
        expect(iso(dueBack(trigger, from, to))).toEqual(expected)
      }),
      { numRuns: 20 }
    )
  })
})

describe("years of due times", () => {
  const from = Date.UTC(2020, 0, 1)
  const expressions = [
    "0 9 * * 1-5",
    "30 4 1,15 * *",
    "15 6 29 2 *",
    "0 12 */10 1-6/2 *",
    "45 23 * DEC SUN",
    "0 0 1 1 *"
  ]

  /** effect/Cron knows other rules for changes of the clock, so that it is asked for times of day that no change meets. */
  it.each(["UTC", "Asia/Tokyo", "Asia/Kolkata", "America/New_York", "Australia/Lord_Howe", "Europe/Berlin"])(
    "are those of a second implementation, where no clock changes: %s",
    (zone) => {
      for (const expression of expressions) {
        const second = Result.getOrThrow(Cron.parse(expression, zone))
        let time = new Date(from)
        for (const due of upcoming(cron(expression, zone), from, 400)) {
          time = Cron.next(second, time)
          if (due > from + 20 * YEAR) break
          expect(new Date(due)).toEqual(time)
        }
      }
    }
  )

  it.each(["America/New_York", "Australia/Lord_Howe"])("are those of the rules: %s", (zone) => {
    const model: CronModel = {
      expression: "30 2 * * *",
      minutes: new Set([30]),
      hours: new Set([2]),
      isInterval: false
    }
    const to = from + 2 * YEAR
    expect(iso(dueFrom(cron(model.expression, zone), from, to))).toEqual(iso(walkDue(model, zone, from, to)))
  })
})

describe("seconds", () => {
  it("are the first of six fields", () => {
    const times = upcoming(cron("*/20 0 9 * * *", "UTC"), 0, 4)
    expect(times.map((time) => time - 9 * 3_600_000)).toEqual([0, 20_000, 40_000, DAY])
  })

  it("have no fractions, whatever is asked", () => {
    const trigger = cron("* * * * * *", "UTC")
    expect(nextDue(trigger, 999)).toBe(1000)
    expect(nextDue(trigger, 1000)).toBe(2000)
    expect(lastDue(trigger, 1999)).toBe(1000)
    expect(lastDue(trigger, 2000)).toBe(2000)
  })
})

describe("remembered due times", () => {
  const zone = "America/New_York"
  const around = Date.UTC(2026, 10, 1)

  it("are the same in whatever order they are asked for", () => {
    const question = fc.record({
      isNext: fc.boolean(),
      at: fc.integer({ min: around - DAY, max: around + 2 * DAY })
    })
    const expressions = fc.constantFrom("*/7 * * * *", "30 1,5 * * *", "0 */3 * * *", "59 59 23 * * *")
    fc.assert(
      fc.property(
        expressions,
        fc.array(question, { maxLength: 30 }),
        fc.nat(),
        (expression, questions, salt) => {
          // A space more makes another key: an expression whose times nobody asked for yet.
          const trigger = cron(`${" ".repeat(salt % 200)}${expression}`, zone)
          const all = dueFrom(cron(expression, zone), around - 3 * DAY, around + 4 * DAY)
          for (const { isNext, at } of questions)
            if (isNext) expect(nextDue(trigger, at)).toBe(all.find((time) => time > at))
            else expect(lastDue(trigger, at)).toBe(all.findLast((time) => time <= at))
        }
      ),
      { numRuns: 40 }
    )
  })

  it("are more than the window holds, forwards and back", () => {
    const trigger = cron("* * * * *", "UTC")
    const minutes = range(0, 999).map((minute) => minute * MINUTE)
    expect(dueFrom(trigger, 0, 999 * MINUTE)).toEqual(minutes)
    expect(dueBack(trigger, 0, 999 * MINUTE)).toEqual(minutes)
    expect(dueFrom(trigger, 0, 999 * MINUTE)).toEqual(minutes)
  })

  it("belong to one object for all spellings of a zone, while it is kept", () => {
    const times = (expression: string, name: string) => Result.getOrThrow(cronTimes(expression, name))
    const first = times("1 2 3 4 *", "Asia/Tokyo")
    expect(times("1 2 3 4 *", "asia/tokyo")).toBe(first)
    expect(times("1 2 3 4 *", "UTC")).not.toBe(first)
    for (let minute = 0; minute < PARSED; minute++)
      times(`${minute % 60} ${Math.floor(minute / 60)} 7 7 *`, "UTC")
    expect(times("1 2 3 4 *", "Asia/Tokyo")).not.toBe(first)
  })
})

describe("what an expression may have", () => {
  const from = Date.UTC(2026, 0, 1)
  const table: ReadonlyArray<readonly [expression: string, days: ReadonlyArray<string>]> = [
    ["0 9 13 * FRI", ["2026-01-02", "2026-01-09", "2026-01-13"]],
    ["0 9 13 * +FRI", ["2026-02-13", "2026-03-13", "2026-11-13"]],
    ["0 9 */2 * MON", ["2026-01-01", "2026-01-03", "2026-01-05"]],
    ["0 9 15W * *", ["2026-01-15", "2026-02-16", "2026-03-16"]],
    ["0 9 L * *", ["2026-01-31", "2026-02-28", "2026-03-31"]],
    ["0 9 * * FRI#2", ["2026-01-09", "2026-02-13", "2026-03-13"]],
    ["0 9 * * FRIL", ["2026-01-30", "2026-02-27", "2026-03-27"]],
    ["0 9 ? * 7", ["2026-01-04", "2026-01-11", "2026-01-18"]],
    ["0 0 9 * * mon-fri", ["2026-01-01", "2026-01-02", "2026-01-05"]],
    ["@weekly", ["2026-01-04", "2026-01-11", "2026-01-18"]],
    ["@yearly", ["2027-01-01", "2028-01-01", "2029-01-01"]]
  ]
  it.each(table)("%s", (expression, days) => {
    expect(upcoming(cron(expression, "UTC"), from, 3).map((time) => iso([time])[0]!.slice(0, 10))).toEqual(
      days
    )
  })
})

describe("an expression that is none", () => {
  const problemOf = (expression: string, zone = "UTC") => {
    const times = cronTimes(expression, zone)
    return Result.isFailure(times) ? times.failure : undefined
  }

  it.each([
    "",
    " ",
    "* * * *",
    "* * * * * * *",
    "60 * * * *",
    "* 24 * * *",
    "* * 0 * *",
    "* * 32 * *",
    "* * * 13 *",
    "* * * * 8",
    "*/0 * * * *",
    "5-1 * * * *",
    "a * * * *",
    "1,,2 * * * *",
    "-1 * * * *",
    "1.5 * * * *",
    "@reboot",
    "@often",
    "2026-01-01T00:00:00",
    `${"1,".repeat(EXPRESSION_LENGTH)}1 * * * *`
  ])("is refused: %j", (expression) => {
    expect(problemOf(expression)?.where).toBe("cron")
  })

  const FIELDS = "not five, or six with seconds first"
  it.each([
    ["* * 32 * *", "has an invalid day: 32"],
    ["* * * 13 *", "has an invalid month: 13"],
    ["* * * * 8", "has an invalid weekday: 8"],
    ["0 0 32W * *", "has an invalid day: 32"],
    ["0 24 * * *", "has an invalid hour: 24"],
    ["a * * * *", "has an invalid minute: a"],
    ["a * * * * *", "has an invalid second: a"],
    ["* , * * * *", "has an empty minute"],
    ["", `has 0 fields, ${FIELDS}`],
    ["bad", `has 1 field, ${FIELDS}`],
    ["* * * * * * *", `has 7 fields, ${FIELDS}`],
    ["@every 5m", "is none of @hourly, @daily, @midnight, @weekly, @monthly, @yearly, @annually"],
    ["5-1 * * * *", "From value is larger than to value: '5-1'"]
  ])("%j is told in our words and its own numbers: %s", (expression, message) => {
    expect(problemOf(expression)?.message).toBe(message)
  })

  it("has its nicknames, in whatever case, and spaces around it", () => {
    for (const expression of ["@midnight", " @HOURLY ", "@annually", " 0 0 * * * "])
      expect(problemOf(expression)).toBeUndefined()
  })

  it.each(["Mars/Base", "", "+09:00", "Europe/berlin ", "../etc", "UTC;"])("has no zone: %j", (zone) => {
    expect(problemOf("* * * * *", zone)?.where).toBe("timeZone")
  })

  it.each(["0 0 30 2 *", "0 0 31 2,4,6,9,11 *", "0 0 31W 4 *"])(
    "%j is one that is never due",
    (expression) => {
      expect(nextDue(cron(expression, "Europe/Berlin"), Date.UTC(2026, 0, 1))).toBeUndefined()
      expect(lastDue(cron(expression, "Europe/Berlin"), Date.UTC(2026, 0, 1))).toBeUndefined()
    }
  )
})

describe("the range of cron", () => {
  const noon = 12 * 60 * MINUTE

  it("begins with start and ends before end", () => {
    const trigger: Trigger = { ...cron("0 12 * * *", "UTC", noon + 2 * DAY), end: noon + 4 * DAY } as Trigger
    expect(upcoming(trigger, 0, 9)).toEqual([noon + 2 * DAY, noon + 3 * DAY])
    expect(lastDue(trigger, noon + 2 * DAY - 1)).toBeUndefined()
    expect(lastDue(trigger, 99 * DAY)).toBe(noon + 3 * DAY)
  })

  it("ends with the year 2999", () => {
    expect(nextDue(cron("0 0 1 1 *", "UTC"), Date.UTC(2999, 0, 1))).toBeUndefined()
    expect(nextDue(cron("0 0 1 1 *", "UTC"), Date.UTC(5000, 0, 1))).toBeUndefined()
    expect(lastDue(cron("0 0 1 1 *", "UTC"), Date.UTC(5000, 0, 1))).toBe(Date.UTC(2999, 0, 1))
  })
})
