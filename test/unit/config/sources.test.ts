import { describe, expect, it } from "vitest"
import { clientKeys } from "../../../src/config/ClientConfig.ts"
import { serverKeys } from "../../../src/config/ServerConfig.ts"
import { fromEnvironment, fromFile, fromFlags, fromJson, type Source } from "../../../src/config/sources.ts"
import { withFile, withFolder } from "../../support/configurations.ts"

const settings = ({ settings }: Source) =>
  Object.fromEntries(settings.map(({ path, value }) => [path, value]))
const messages = ({ problems }: Source) => problems.map(({ where, message }) => `${where}: ${message}`)

const file = (document: unknown) => fromJson(serverKeys, document, "conf.json")
const environment = (variables: Record<string, string>) => fromEnvironment(serverKeys, variables, clientKeys)
const flags = (...args: ReadonlyArray<string>) => fromFlags(serverKeys, args)

describe("a file", () => {
  it("gives the leaves that are keys, nested or with dots, or both", () => {
    const given = file({ server: { port: 1, "tls.cert": "c" }, "server.tls.key": "k", totalSize: 2 })
    expect(settings(given)).toEqual({
      "server.port": 1,
      "server.tls.cert": "c",
      "server.tls.key": "k",
      totalSize: 2
    })
    expect(given.problems).toEqual([])
  })

  it("gives values as they are, for the kinds to judge", () => {
    expect(settings(file({ server: { port: { no: "port" } } }))).toEqual({ "server.port": { no: "port" } })
  })

  it("has the nearest key for an unknown one", () => {
    expect(
      messages(file({ server: { prot: 1 }, totalsize: 2, sending: { timer: { intervall: 1 } } }))
    ).toEqual([
      "server.prot: unknown key; did you mean server.port?",
      "totalsize: unknown key; did you mean totalSize?",
      "sending.timer.intervall: unknown key; did you mean sending.timer.interval?"
    ])
  })

  it("suggests nothing for a key that is like no other", () => {
    expect(messages(file({ bananas: true }))).toEqual(["bananas: unknown key"])
  })

  it("names an unknown branch once, not each of its leaves", () => {
    expect(messages(file({ limts: { backlog: 1, mailbox: 2 } }))).toHaveLength(1)
  })

  it.each([5, "text", null, [1, 2]])("has objects where keys go on: not %j", (value) => {
    expect(messages(file({ server: value }))).toEqual([
      `server: expected an object, found ${JSON.stringify(value)}`
    ])
  })

  it("is an object as a whole", () => {
    expect(messages(file("text"))).toEqual(['conf.json: expected an object, found "text"'])
  })

  it("cannot reach into what every object inherits", () => {
    const document = JSON.parse(
      '{ "__proto__": { "port": 1 }, "constructor": 2, "server": { "toString": 3 } }'
    )
    expect(file(document).settings).toEqual([])
    expect(file(document).problems).toHaveLength(3)
  })

  it("that is missing is one problem with its name", () => {
    withFolder((folder) => {
      const missing = fromFile(serverKeys, `${folder}/none.json`)
      expect(missing.settings).toEqual([])
      expect(missing.problems).toHaveLength(1)
      expect(missing.problems[0]!.where).toBe(`${folder}/none.json`)
      expect(missing.problems[0]!.message).toContain("ENOENT")
    })
  })

  it("that is a folder is one problem", () => {
    withFolder((folder) => expect(messages(fromFile(serverKeys, folder))[0]).toContain("cannot be read"))
  })

  it.each(["", "{", "{ server: 1 }", '{ "a": 1, }'])("that holds %j is not valid JSON", (content) => {
    withFile(content, (path) => {
      const broken = fromFile(serverKeys, path)
      expect(broken.problems).toHaveLength(1)
      expect(broken.problems[0]!.message).toContain("is not valid JSON: ")
    })
  })

  it("that is sound gives its settings with its name as source", () => {
    withFile('{ "totalSize": 5 }', (path) => {
      expect(fromFile(serverKeys, path).settings).toEqual([
        { path: "totalSize", value: 5, isText: false, source: path }
      ])
    })
  })
})

describe("the environment", () => {
  it("gives what begins with CLARION_", () => {
    const given = environment({
      CLARION_SERVER_PORT: "9000",
      PATH: "/bin",
      SERVER_PORT: "1",
      clarion_server_port: "2"
    })
    expect(given.settings).toEqual([
      { path: "server.port", value: "9000", isText: true, source: "CLARION_SERVER_PORT" }
    ])
    expect(given.problems).toEqual([])
  })

  it("has the nearest name for an unknown one", () => {
    expect(messages(environment({ CLARION_SERVER_PROT: "9000", CLARION_RAW_ONMESSAGE: "echo" }))).toEqual([
      "CLARION_SERVER_PROT: unknown key; did you mean CLARION_SERVER_PORT?",
      "CLARION_RAW_ONMESSAGE: unknown key; did you mean CLARION_RAW_ON_MESSAGE?"
    ])
  })

  it("may hold what belongs to the other program", () => {
    const given = environment({ CLARION_TOTAL_CLIENTS: "5", CLARION_THRESHOLDS_P99: "500" })
    expect(given).toEqual({ settings: [], problems: [] })
  })

  it("passes over variables without a value", () => {
    expect(fromEnvironment(serverKeys, { CLARION_SERVER_PORT: undefined }, clientKeys).settings).toEqual([])
  })
})

describe("flags", () => {
  it("are keys with their values, in two words or one", () => {
    const given = flags("--server.port", "9000", "--server.ip=127.0.0.1", "--limits.backlog", "16")
    expect(settings(given)).toEqual({
      "server.port": "9000",
      "server.ip": "127.0.0.1",
      "limits.backlog": "16"
    })
    expect(given.settings.map(({ source }) => source)).toEqual([
      "--server.port",
      "--server.ip",
      "--limits.backlog"
    ])
    expect(given.problems).toEqual([])
  })

  it("of true or false may stand alone or have a value", () => {
    expect(settings(flags("--onlyTestConnect"))).toEqual({ onlyTestConnect: "true" })
    expect(settings(flags("--onlyTestConnect", "false"))).toEqual({ onlyTestConnect: "false" })
    expect(settings(flags("--onlyTestConnect=false"))).toEqual({ onlyTestConnect: "false" })
    expect(settings(flags("--onlyTestConnect", "--server.port", "1"))).toEqual({
      onlyTestConnect: "true",
      "server.port": "1"
    })
  })

  it("of other kinds want a value", () => {
    expect(messages(flags("--server.port"))).toEqual(["server.port: expected a value after the flag"])
    expect(messages(flags("--server.port", "--onlyTestConnect"))).toContain(
      "server.port: expected a value after the flag"
    )
    expect(messages(flags("--config"))).toEqual(["--config: expected a file after the flag"])
    expect(messages(flags("--config="))).toEqual(["--config: expected a file after the flag"])
  })

  it("may have a value that begins with a dash", () => {
    expect(settings(flags("--server.port", "-1"))).toEqual({ "server.port": "-1" })
    expect(settings(flags("--store.path=--odd"))).toEqual({ "store.path": "--odd" })
  })

  it("have the nearest key for an unknown one, and swallow its value", () => {
    const given = flags("--server.prot", "9000", "--serverport=1", "--print-confg", "-p", "80")
    expect(given.settings).toEqual([])
    expect(messages(given)).toEqual([
      "server.prot: unknown key; did you mean server.port?",
      "serverport: unknown key; did you mean server.port?",
      "print-confg: unknown key; did you mean print-config?",
      expect.stringMatching(/^p: unknown key/)
    ])
  })

  it.each(["constructor", "toString", "__proto__", "hasOwnProperty"])(
    "are unknown when every object has them: --%s",
    (name) => {
      expect(messages(flags(`--${name}`, "x"))).toEqual([expect.stringMatching(`^${name}: unknown key`)])
    }
  )

  it("are all there is: a word of its own is a mistake", () => {
    expect(messages(flags("serve", "--server.port", "1", "again"))).toEqual([
      "serve: unexpected argument",
      "again: unexpected argument"
    ])
  })

  it("given twice stand in their order, so that the last wins", () => {
    const given = flags("--server.port", "1", "--server.port", "2")
    expect(given.settings.map(({ value }) => value)).toEqual(["1", "2"])
  })

  it("tell the command and the file", () => {
    expect(flags("--config", "a.json", "--check-config").command).toEqual({
      config: "a.json",
      help: false,
      version: false,
      checkConfig: true,
      printConfig: false,
      doctor: false
    })
    expect(flags("--help").command.help).toBe(true)
    expect(flags("--version").command.version).toBe(true)
    expect(flags("--print-config").command.printConfig).toBe(true)
  })
})
