import * as Duration from "effect/Duration"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import * as Runtime from "effect/Runtime"
import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { clientKeys } from "../../../src/config/ClientConfig.ts"
import { environmentName, type Keys } from "../../../src/config/Keys.ts"
import { printable, resolve, transferable } from "../../../src/config/resolve.ts"
import { serverKeys, serverRules } from "../../../src/config/ServerConfig.ts"
import { fromEnvironment, fromFlags, fromJson, type Source } from "../../../src/config/sources.ts"
import { anySubset, type Given } from "../../support/settingValues.ts"

const both = { ...serverKeys, ...clientKeys }

const ofServer = (...sources: ReadonlyArray<Source>) => Result.getOrThrow(resolve(serverKeys, sources))
const problemsOf = (...sources: ReadonlyArray<Source>) => {
  const resolved = resolve(serverKeys, sources, serverRules)
  return Result.isFailure(resolved) ? resolved.failure.problems : []
}
const file = (document: unknown, name = "conf.json") => fromJson(serverKeys, document, name)
const environment = (variables: Record<string, string>) => fromEnvironment(serverKeys, variables, clientKeys)
const flags = (...args: ReadonlyArray<string>) => fromFlags(serverKeys, args)

describe("precedence", () => {
  it("built-in values stand where nothing is given", () => {
    const { server, sending, totalSize, onlyTestConnect, raw, admin, auth } = ofServer()
    expect(server).toMatchObject({ ip: "0.0.0.0", port: 8088, transport: "auto", workers: 0, shards: "auto" })
    expect([sending.timer.delay, sending.timer.interval].map(Duration.toMillis)).toEqual([600_000, 60_000])
    expect([totalSize, onlyTestConnect, raw.onMessage]).toEqual([1_200_000, true, "ignore"])
    expect([admin.port, auth.apiKey, server.tls.cert]).toEqual([undefined, undefined, undefined])
  })

  it("the file goes before built-in values, the environment before the file, flags before the environment", () => {
    const config = ofServer(
      file({ server: { port: 1, ip: "1.1.1.1", transport: "ws", shards: 1 } }),
      environment({ CLARION_SERVER_PORT: "2", CLARION_SERVER_IP: "2.2.2.2", CLARION_SERVER_SHARDS: "2" }),
      flags("--server.port", "3", "--server.ip", "3.3.3.3")
    )
    expect(config.server).toMatchObject({ port: 3, ip: "3.3.3.3", shards: 2, transport: "ws", workers: 0 })
  })

  it("holds leaf by leaf: a branch that is given leaves its other leaves alone", () => {
    const { limits } = ofServer(file({ limits: { backlog: 16 } }), flags("--limits.mailbox", "32"))
    expect(limits.backlog).toBe(16)
    expect(limits.mailbox).toBe(32)
    expect(limits.messageSize).toBe(65_536)
  })

  it("holds for any subset of keys in any of the sources", () => {
    const three = fc.tuple(anySubset(serverKeys), anySubset(serverKeys), anySubset(serverKeys))
    fc.assert(
      fc.property(three, ([inFile, inEnvironment, inFlags]) => {
        const merged = ofServer(asDocument(inFile), asVariables(inEnvironment), asFlags(inFlags))
        const winners = new Map([...inFile, ...inEnvironment, ...inFlags])
        expect(merged).toEqual(ofServer(asDocument([...winners])))
      })
    )
  })
})

describe("problems", () => {
  it("a file with wrong types in five places gives five problems, each with path, expected, found and source", () => {
    const problems = problemsOf(
      file({
        server: { port: "8088", transport: "tcp" },
        sending: { timer: { interval: "10 parsecs" } },
        onlyTestConnect: "yes",
        totalSize: -1
      })
    )
    expect(problems).toEqual([
      {
        where: "server.port",
        message: 'expected a whole number between 0 and 65535, found "8088"',
        source: "conf.json"
      },
      {
        where: "server.transport",
        message: 'expected one of "auto", "uws", "ws", found "tcp"',
        source: "conf.json"
      },
      {
        where: "sending.timer.interval",
        message:
          'expected a duration such as "10 minutes", "500 ms" or a number of milliseconds, longer than 0, found "10 parsecs"',
        source: "conf.json"
      },
      { where: "onlyTestConnect", message: 'expected true or false, found "yes"', source: "conf.json" },
      { where: "totalSize", message: "expected a whole number of at least 0, found -1", source: "conf.json" }
    ])
  })

  it("of all sources come at once, and unknown keys with them", () => {
    const problems = problemsOf(
      file({ server: { port: "x" }, serve: 1 }),
      environment({ CLARION_TOTAL_SIZE: "many", CLARION_TOTALSIZE: "1" }),
      flags("--onlyTestConnect", "maybe", "--nonsense")
    )
    expect(problems.map(({ where, source }) => `${where} (${source})`).sort()).toEqual([
      "CLARION_TOTALSIZE (environment)",
      "nonsense (flags)",
      "onlyTestConnect (--onlyTestConnect)",
      "serve (conf.json)",
      "server.port (conf.json)",
      "totalSize (CLARION_TOTAL_SIZE)"
    ])
  })

  it("are told of a value that a higher source hides, too", () => {
    const problems = problemsOf(file({ server: { port: "x" } }), flags("--server.port", "1"))
    expect(problems.map(({ where }) => where)).toEqual(["server.port"])
  })

  it("make one message, a line each, and exit code 78", () => {
    const resolved = resolve(serverKeys, [file({ totalSize: -1, server: { port: 70_000 } })])
    const failure = Result.isFailure(resolved) ? resolved.failure : undefined
    expect(failure?.message).toBe(
      [
        "2 problems in the configuration:",
        "  totalSize: expected a whole number of at least 0, found -1 (conf.json)",
        "  server.port: expected a whole number between 0 and 65535, found 70000 (conf.json)"
      ].join("\n")
    )
    expect(failure?.[Runtime.errorExitCode]).toBe(78)
  })

  it("show long values cut short", () => {
    const [problem] = problemsOf(file({ server: { port: "x".repeat(500) } }))
    expect(problem!.message.length).toBeLessThan(150)
    expect(problem!.message).toContain("...")
  })

  it("show no secret", () => {
    const [problem] = problemsOf(file({ auth: { apiKey: ["hunter2"] } }))
    expect(problem!.where).toBe("auth.apiKey")
    expect(problem!.message).not.toContain("hunter2")
  })
})

describe("rules over several keys", () => {
  const brokenRules = (document: unknown) => problemsOf(file(document)).map(({ where }) => where)

  it("a certificate and its key belong together", () => {
    expect(brokenRules({ server: { tls: { cert: "a.pem" } } })).toEqual(["server.tls"])
    expect(brokenRules({ server: { tls: { key: "a.pem" } } })).toEqual(["server.tls"])
    expect(brokenRules({ server: { tls: { cert: "a.pem", key: "a.pem" } } })).toEqual([])
  })

  it("a ping comes before the idle timeout, where both are on", () => {
    const broken = (pingInterval: string, idleTimeout: string) =>
      brokenRules({ limits: { pingInterval, idleTimeout } })
    expect(broken("2 minutes", "2 minutes")).toEqual(["limits.pingInterval"])
    expect(broken("3 minutes", "2 minutes")).toEqual(["limits.pingInterval"])
    expect(broken("3 minutes", "0")).toEqual([])
    expect(broken("0", "2 minutes")).toEqual([])
    expect(broken("1 minute", "2 minutes")).toEqual([])
  })

  it("the admin port is not the server's, unless both are free ones", () => {
    expect(brokenRules({ admin: { port: 8088 } })).toEqual(["admin.port"])
    expect(brokenRules({ server: { port: 9000 }, admin: { port: 9000 } })).toEqual(["admin.port"])
    expect(brokenRules({ server: { port: 0 }, admin: { port: 0 } })).toEqual([])
    expect(brokenRules({ admin: { port: 8089 } })).toEqual([])
  })

  it("are all told at once, with their source", () => {
    const problems = problemsOf(file({ server: { tls: { cert: "a.pem" } }, admin: { port: 8088 } }))
    expect(problems.map(({ where, source }) => [where, source])).toEqual([
      ["server.tls", "rules"],
      ["admin.port", "rules"]
    ])
  })

  it("wait until each key alone is sound", () => {
    expect(brokenRules({ server: { tls: { cert: "a.pem" } }, totalSize: "x" })).toEqual(["totalSize"])
  })
})

describe("any subset of keys with valid values", () => {
  const values = <K extends Keys>(keys: K, sources: ReadonlyArray<Source>) =>
    flatten(keys, Result.getOrThrow(resolve(keys, sources)))

  it.each([
    ["server", serverKeys],
    ["client", clientKeys]
  ] as ReadonlyArray<[string, Keys]>)(
    "says the same in a file, in the environment and as flags (%s)",
    (_, keys) => {
      fc.assert(
        fc.property(anySubset(keys), (subset) => {
          const inFile = values(keys, [asDocument(subset, keys)])
          expect(values(keys, [asVariables(subset, keys)])).toEqual(inFile)
          expect(values(keys, [asFlags(subset, keys)])).toEqual(inFile)
          expect(values(keys, [asFlagWords(subset, keys)])).toEqual(inFile)
          for (const [path] of subset) expect(inFile.has(path)).toBe(true)
        })
      )
    }
  )

  const isSecret = (path: string) => (serverKeys as Keys)[path]!.kind.isSecret === true

  it("is the same when it is printed and read back as a file; secrets are masked, and refused so", () => {
    fc.assert(
      fc.property(anySubset(serverKeys), (subset) => {
        const secrets = subset.filter(([path]) => isSecret(path))
        const printed = printable(serverKeys, ofServer(asDocument(subset)))
        const problems = problemsOf(file(copyOf(printed))).filter(({ source }) => source !== "rules")
        expect(problems.map(({ where }) => where).sort()).toEqual(secrets.map(([path]) => path).sort())

        const shown = ofServer(asDocument(subset.filter(([path]) => !isSecret(path))))
        const again = ofServer(file(copyOf(printable(serverKeys, shown))))
        expect(flatten(serverKeys, again)).toEqual(flatten(serverKeys, shown))
      })
    )
  })

  it("is the same, secrets too, in another process", () => {
    fc.assert(
      fc.property(anySubset(serverKeys), (subset) => {
        const config = ofServer(asDocument(subset))
        const there = ofServer(file(copyOf(transferable(serverKeys, config))))
        expect(flatten(serverKeys, there)).toEqual(flatten(serverKeys, config))
      })
    )
  })
})

describe("names", () => {
  it("of environment variables are the key in upper snake case", () => {
    expect(environmentName("server.port")).toBe("CLARION_SERVER_PORT")
    expect(environmentName("limits.handshakesPerSecond")).toBe("CLARION_LIMITS_HANDSHAKES_PER_SECOND")
    expect(environmentName("onlyTestConnect")).toBe("CLARION_ONLY_TEST_CONNECT")
    expect(environmentName("thresholds.p99")).toBe("CLARION_THRESHOLDS_P99")
  })

  it("of all server and client keys differ in the environment", () => {
    const paths = Object.keys(both)
    expect(new Set(paths.map(environmentName)).size).toBe(paths.length)
  })

  it("of keys are leaves: none is a branch of another", () => {
    const paths = Object.keys(both)
    expect(paths.filter((path) => paths.some((other) => other.startsWith(`${path}.`)))).toEqual([])
  })
})

type Subset = ReadonlyArray<readonly [path: string, Given]>

function asDocument(subset: Subset, keys: Keys = serverKeys): Source {
  const document = Object.fromEntries(subset.map(([path, { json }]) => [path, json]))
  return fromJson(keys, JSON.parse(JSON.stringify(document)), "conf.json")
}

function asVariables(subset: Subset, keys: Keys = serverKeys): Source {
  return fromEnvironment(
    keys,
    Object.fromEntries(subset.map(([path, { text }]) => [environmentName(path), text])),
    {}
  )
}

function asFlags(subset: Subset, keys: Keys = serverKeys): Source {
  return fromFlags(
    keys,
    subset.map(([path, { text }]) => `--${path}=${text}`)
  )
}

function asFlagWords(subset: Subset, keys: Keys): Source {
  return fromFlags(
    keys,
    subset.flatMap(([path, { text }]) => [`--${path}`, text])
  )
}

/** Values by path; durations as their milliseconds and secrets as their text, which compare plainly. */
function flatten(keys: Keys, config: unknown): ReadonlyMap<string, unknown> {
  const plain = (value: unknown) =>
    Duration.isDuration(value)
      ? Duration.toMillis(value)
      : Redacted.isRedacted(value)
        ? Redacted.value(value)
        : value
  const read = (path: string) =>
    path.split(".").reduce<unknown>((inner, name) => (inner as Record<string, unknown>)[name], config)
  return new Map(Object.keys(keys).map((path) => [path, plain(read(path))]))
}

/** As JSON would carry it. */
function copyOf(document: unknown): unknown {
  return JSON.parse(JSON.stringify(document))
}
