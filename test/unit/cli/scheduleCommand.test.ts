/** What each command asks the server, what it prints, and how it ends. */
import { mkdirSync, writeFileSync } from "node:fs"
import type { AddressInfo } from "node:net"
import { createServer } from "node:net"
import { join } from "node:path"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { ScheduleConflict, ScheduleInvalid } from "../../../src/services/schedules/Scheduler.ts"
import { runSchedule } from "../../support/cli/runSchedule.ts"
import { BORN, receiptOf, runOf, scheduleOf } from "../../support/schedules/ScheduleApiFixture.ts"
import { KEY, ScheduleApiServer } from "../../support/schedules/ScheduleApiServer.ts"
import { temporaryFolder } from "../../support/server/temporaryFolder.ts"

let server: ScheduleApiServer
let place: ReadonlyArray<string>

beforeEach(async () => {
  server = await ScheduleApiServer.start()
  place = ["--url", server.url, "--api-key", KEY]
})

const ISO = "2030-01-01T00:01:00.000Z"

describe("a command", () => {
  it.each([
    [["list"], "GET", "/api/schedules", ""],
    [
      ["list", "--state", "paused", "--channel", "a b", "--limit", "3"],
      "GET",
      "/api/schedules?state=paused&channel=a+b&limit=3",
      ""
    ],
    [["get", "a/b"], "GET", "/api/schedules/a%2Fb", ""],
    [["pause", "s1"], "POST", "/api/schedules/s1/pause", ""],
    [["resume", "s1"], "POST", "/api/schedules/s1/resume", ""],
    [["run", "s1"], "POST", "/api/schedules/s1/run", ""],
    [["cancel", "s1"], "DELETE", "/api/schedules/s1", ""],
    [["runs", "s1", "--limit", "3"], "GET", "/api/schedules/s1/runs?limit=3", ""],
    [
      ["preview", "--cron", "0 9 * * *", "--time-zone", "Asia/Tokyo", "--count", "3"],
      "POST",
      "/api/schedules/preview",
      '{"cron":"0 9 * * *","timeZone":"Asia/Tokyo","count":3}'
    ],
    [
      ["add", "--delay", "5000", "--channel", "a", "--channel", "b", "--data", '{"n": 1.0}', "--id", "5"],
      "POST",
      "/api/schedules",
      '{"id":"5","delay":5000,"channels":["a","b"],"data":{"n": 1.0}}'
    ],
    [
      [
        ...["add", "--every", "1 minute", "--start", "2030-01-01T00:00:00Z", "--end", "1893459600000"],
        ...["--max-runs", "3", "--channel", "a", "--template", '"{{run}}"', "--tag", "x=1", "--tag", "y=2"],
        ...["--jitter", "1 second", "--min-connections", "2", "--catch-up", "all", "--about", "x"]
      ],
      "POST",
      "/api/schedules",
      '{"every":"1 minute","start":"2030-01-01T00:00:00Z","end":1893459600000,"maxRuns":3,"channels":["a"],' +
        '"template":"{{run}}","tags":{"x":"1","y":"2"},"jitter":"1 second","minConnections":2,"catchUp":"all","about":"x"}'
    ],
    [
      ["add", "--at", "1893456000000", "--channel", "a", "--b64data", "AA=="],
      "POST",
      "/api/schedules",
      '{"at":1893456000000,"channels":["a"],"b64data":"AA=="}'
    ],
    [
      ["update", "s1", "--endless", "--revision", "4", "--about", ""],
      "PATCH",
      "/api/schedules/s1",
      '{"end":null,"maxRuns":null,"about":"","revision":4}'
    ],
    [
      ["update", "s1", "--endless", "--max-runs", "3"],
      "PATCH",
      "/api/schedules/s1",
      '{"end":null,"maxRuns":3}'
    ]
  ])("%j asks %s %s with %s", async (args, method, url, body) => {
    expect(await runSchedule(...args, ...place)).toMatchObject({ code: 0, failure: "" })
    expect(server.requests).toEqual([{ method, url, body }])
  })

  it("prints the answer as it came with --json", async () => {
    const { out } = await runSchedule("get", "s1", "--json", ...place)
    expect(out).toBe((await server.fixture.ask("GET", "/api/schedules/s1")).text)
  })
})

describe("for people", () => {
  it("a list is a table", async () => {
    const cron = { kind: "cron", expression: "0 9 * * 1-5", timeZone: "Asia/Tokyo", start: BORN } as const
    const paused = { state: "paused", due: undefined, about: "x".repeat(100) } as const
    server.fixture.answers = {
      ...server.fixture.answers,
      list: {
        items: [
          scheduleOf(),
          scheduleOf({ id: "longer", trigger: cron, channels: ["a", "b"], ...paused }),
          scheduleOf({ id: "e", trigger: { kind: "every", every: 5000, start: BORN } })
        ],
        cursor: "next"
      }
    }
    const { out } = await runSchedule("list", ...place)
    const lines = out.split("\n")
    expect(lines.slice(0, 4)).toEqual([
      "id      state      due                       runs  when                         channels  about",
      "s1      scheduled  2030-01-01T00:01:00.000Z  0     at 2030-01-01T00:01:00.000Z  news",
      `longer  paused                               0     0 9 * * 1-5 Asia/Tokyo       a b       ${"x".repeat(59)}…`,
      "e       scheduled  2030-01-01T00:01:00.000Z  0     every 5000 ms                news"
    ])
    const cursor = /^there are more: --cursor (\S+)$/.exec(lines[4]!)![1]!
    await runSchedule("list", "--cursor", cursor, ...place)
    expect(server.fixture.calls.at(-1)!.with).toEqual([{ limit: 100, cursor: "next" }])
  })

  it("runs are a table with what became of them", async () => {
    server.fixture.answers = {
      ...server.fixture.answers,
      runs: {
        items: [
          { ...runOf({ number: 2 }), receipt: receiptOf() },
          { ...runOf({ number: 0, outcome: "gated", detail: "1 of 5" }), receipt: null }
        ]
      }
    }
    expect((await runSchedule("runs", "s1", ...place)).out.split("\n")).toEqual([
      "run  due                       outcome  started                   eligible  written  dropped  closed  detail",
      "2    2030-01-01T00:00:00.000Z  sent     2030-01-01T00:00:00.001Z  3         2        1        0",
      "0    2030-01-01T00:00:00.000Z  gated    2030-01-01T00:00:00.001Z                                      1 of 5"
    ])
  })

  it("the others are short", async () => {
    const { answers } = server.fixture
    server.fixture.answers = { ...answers, list: { items: [] }, runs: { items: [] } }
    const said = async (...args: ReadonlyArray<string>) => (await runSchedule(...args, ...place)).out
    expect(await said("list")).toBe("no schedules")
    expect(await said("runs", "s1")).toBe("no runs")
    expect(await said("add", "--delay", "1", "--channel", "a", "--data", "1")).toBe(
      `s1 is scheduled, revision 1, due ${ISO}`
    )
    expect(await said("pause", "s1")).toContain("s1 is paused, revision 1")
    expect(await said("run", "s1")).toBe("run 1 of s1: sent")
    expect(await said("preview", "--delay", "1")).toBe("2030-01-01T00:00:00.000Z\n2030-01-01T00:00:01.000Z")
    expect((await said("get", "s1")).split("\n")).toEqual(
      expect.arrayContaining([
        "state           scheduled",
        'channels        ["news"]',
        'data            {"text":"hello"}'
      ])
    )
    server.fixture.answers = { ...answers, preview: [], runNow: runOf({ outcome: "failed", detail: "why" }) }
    expect(await said("preview", "--delay", "1")).toBe("never")
    expect(await said("run", "s1")).toBe("run 1 of s1: failed, why")
  })

  it("nothing that others wrote can steer the terminal", async () => {
    const evil = scheduleOf({ about: "\x1b[2J\r\n\u009b0mx", channels: ["a\x07"] })
    server.fixture.answers = { ...server.fixture.answers, list: { items: [evil] }, get: evil }
    for (const command of [["list"], ["get", "s1"]]) {
      const { out } = await runSchedule(...command, ...place)
      // biome-ignore lint/suspicious/noControlCharactersInRegex: none of them may come through
      expect(out.replaceAll("\n", "")).not.toMatch(/[\x00-\x1f\x7f-\x9f]/)
    }
  })
})

describe("what is refused", () => {
  it("is told, a line for each problem", async () => {
    server.fixture.failure = new ScheduleInvalid({
      problems: [
        { where: "cron", message: "is never due" },
        { where: "", message: "2 more problems are not listed" }
      ]
    })
    const args = ["add", "--cron", "x", "--channel", "a", "--data", "1"]
    expect(await runSchedule(...args, ...place)).toEqual({
      out: "",
      err: "",
      failure: "cron: is never due\n2 more problems are not listed",
      code: 1
    })
    server.fixture.failure = new ScheduleConflict({ schedule: scheduleOf(), detail: "it is cancelled" })
    expect(await runSchedule("pause", "s1", ...place)).toMatchObject({ failure: "it is cancelled", code: 1 })
  })

  it("for want of the key says where it could come from", async () => {
    const end = await runSchedule("list", "--url", server.url, "--api-key", "another")
    expect(end).toMatchObject({ out: "", code: 1, failure: expect.stringContaining("--api-key") })
    expect(end.failure).not.toContain("another")
    const odd = await runSchedule("list", "--url", server.url, "--api-key", "→")
    expect(odd).toMatchObject({ code: 78, failure: expect.stringContaining("HTTP cannot carry") })
  })

  it("by something else that answers there is told as it is", async () => {
    const end = await runSchedule("list", "--url", `${server.url}/elsewhere`, "--api-key", KEY)
    expect(end).toMatchObject({ out: "", failure: "426 not here", code: 1 })
  })
})

describe("without a server", () => {
  it("the end has a code of its own", async () => {
    const gone = createServer()
    await new Promise<void>((resolve) => gone.listen(0, "127.0.0.1", resolve))
    const url = `http://127.0.0.1:${(gone.address() as AddressInfo).port}`
    await new Promise((resolve) => gone.close(resolve))
    expect(await runSchedule("list", "--url", url, "--api-key", KEY)).toMatchObject({
      out: "",
      code: 69,
      failure: expect.stringMatching(/^no answer from http.*ECONNREFUSED.*--url/)
    })
  })
})

describe("wrong usage", () => {
  it.each([
    [["lst"], /^Unknown subcommand "lst".*list.*"schedule --help" tells what it takes$/s],
    [["get"], /^Missing required argument: id\n"schedule get --help" tells what it takes$/],
    [["add", "--channel"], /--channel/],
    [["list", "--stat", "due"], /--stat\b/],
    [["list", "--state", "due"], /--state: "due"/],
    [["list", "--limit", "x"], /--limit/],
    [["get", "a", "b"], /"?b"?/]
  ])("%j is told without the help, and asks nothing", async (args, failure) => {
    const end = await runSchedule(...args, ...place)
    expect(end).toMatchObject({ out: "", err: "", code: 78, failure: expect.stringMatching(failure) })
    expect(end.failure).not.toContain("USAGE")
    expect(server.requests).toEqual([])
  })

  it("is not to ask for nothing: that prints the help", async () => {
    expect(await runSchedule()).toMatchObject({ code: 0, failure: "", out: expect.stringContaining("USAGE") })
  })

  it.each([
    [["add", "--data", "{"], /^--data: expected JSON/],
    [["add", "--template", "x"], /^--template: expected JSON/]
  ])("%j says what is wrong", async (args, failure) => {
    const end = await runSchedule(...args, ...place)
    expect(end).toMatchObject({ out: "", code: 78, failure: expect.stringMatching(failure) })
    expect(server.requests).toEqual([])
  })

  it("of an address is told", async () => {
    for (const url of ["ftp://a", "localhost:8088", "", "http://"])
      expect(await runSchedule("list", "--url", url, "--api-key", KEY)).toMatchObject({
        code: 78,
        failure: expect.stringContaining("--url")
      })
  })

  it.each(["add", "list", "get", "update", "pause", "resume", "run", "cancel", "runs", "preview"])(
    "%s --help tells what it takes",
    async (name) => {
      const { out } = await runSchedule(name, "--help")
      expect(out).toContain(`schedule ${name} [flags]`)
      expect((await runSchedule("--help")).out).toMatch(new RegExp(`^  ${name} +[A-Z]`, "m"))
    }
  )
})

describe("where the server is", () => {
  const before = { ...process.env }
  afterEach(() => {
    process.env = { ...before }
  })

  /** A configuration file for the test's server. */
  const configFile = (more: object): string => {
    const folder = temporaryFolder()
    const port = Number(new URL(server.url).port)
    const config = { server: { ip: "0.0.0.0", port }, store: { path: join(folder, "store") }, ...more }
    writeFileSync(join(folder, "app.json"), JSON.stringify(config))
    return folder
  }

  it("and its key come from the configuration", async () => {
    const folder = configFile({ auth: { apiKey: KEY } })
    expect(await runSchedule("list", "--config", join(folder, "app.json"))).toMatchObject({ code: 0 })
  })

  it("may be the admin port", async () => {
    const admin = { port: Number(new URL(server.url).port) }
    const folder = configFile({ admin, server: { port: 1 }, auth: { apiKey: KEY } })
    expect(await runSchedule("list", "--config", join(folder, "app.json"))).toMatchObject({ code: 0 })
  })

  it("has a key in its store, if nobody gave it one", async () => {
    const folder = configFile({})
    const config = join(folder, "app.json")
    expect((await runSchedule("list", "--config", config)).failure).toContain("--api-key")
    mkdirSync(join(folder, "store"))
    writeFileSync(join(folder, "store", "api-key"), `${KEY}\n`)
    expect(await runSchedule("list", "--config", config)).toMatchObject({ code: 0 })
    expect(await runSchedule("list", "--config", config, "--api-key", "no")).toMatchObject({ code: 1 })
  })

  it("is told by the environment, too, and flags count before all", async () => {
    process.env.CLARION_SERVER_PORT = new URL(server.url).port
    process.env.CLARION_AUTH_API_KEY = KEY
    expect(await runSchedule("list")).toMatchObject({ code: 0 })
    process.env.CLARION_SERVER_PORT = "1"
    expect(await runSchedule("list", "--url", `${server.url}/`)).toMatchObject({ code: 0 })
  })

  it("cannot be told from a configuration that is wrong, or leaves the port open", async () => {
    const wrong = join(configFile({ servr: {} }), "app.json")
    expect(await runSchedule("list", "--config", wrong)).toMatchObject({
      code: 78,
      failure: expect.stringContaining("servr: unknown key")
    })
    expect(await runSchedule("list", "--config", wrong, ...place)).toMatchObject({ code: 0 })
    const open = join(configFile({ server: { port: 0 } }), "app.json")
    expect(await runSchedule("list", "--config", open)).toMatchObject({
      code: 78,
      failure: expect.stringContaining("say --url")
    })
  })
})
