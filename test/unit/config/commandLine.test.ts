import { readdirSync, readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import * as Duration from "effect/Duration"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import * as Runtime from "effect/Runtime"
import { describe, expect, it } from "vitest"
import { clientKeys } from "../../../src/config/ClientConfig.ts"
import { type Program, readCommandLine, version } from "../../../src/config/commandLine.ts"
import { headers } from "../../../src/config/httpKinds.ts"
import type { ConfigOf, Keys } from "../../../src/config/Keys.ts"
import { passwordHash } from "../../../src/config/passwordHash.ts"
import { serverKeys, serverRules } from "../../../src/config/ServerConfig.ts"
import { withFile } from "../../support/configurations.ts"

const server = {
  name: "server",
  about: "serves",
  keys: serverKeys,
  rules: serverRules,
  alsoKnown: clientKeys
}
const client = { name: "client", about: "loads", keys: clientKeys, rules: [], alsoKnown: serverKeys }

const conf = fileURLToPath(new URL("../../../conf/", import.meta.url))

const read = <K extends Keys>(program: Program<K>, args: ReadonlyArray<string>, environment = {}) =>
  readCommandLine(program, args, environment)

/** What the command line prints; throws when it would run or is wrong. */
const printed = <K extends Keys>(
  program: Program<K>,
  args: ReadonlyArray<string>,
  environment = {}
): string => {
  const wish = Result.getOrThrow(read(program, args, environment))
  if ("print" in wish) return wish.print
  throw new Error("it would run")
}

const run = <K extends Keys>(
  program: Program<K>,
  args: ReadonlyArray<string>,
  environment = {}
): { readonly config: ConfigOf<K> } => {
  const wish = Result.getOrThrow(read(program, args, environment))
  if ("config" in wish) return wish
  throw new Error(`it would not run: ${JSON.stringify(wish)}`)
}

const failure = (args: ReadonlyArray<string>, environment = {}) => {
  const wish = read(server, args, environment)
  return Result.isFailure(wish) ? wish.failure : undefined
}

describe("a command line", () => {
  it("without flags runs with built-in values", () => {
    const { config } = run(server, [])
    expect(config.server.port).toBe(8088)
  })

  it("lays flags over the environment over the file", () => {
    const document = { server: { port: 1, ip: "1.1.1.1" }, totalSize: 1 }
    withFile(JSON.stringify(document), (file) => {
      const { config } = run(server, ["--config", file, "--server.port", "3"], {
        CLARION_SERVER_PORT: "2",
        CLARION_SERVER_IP: "2.2.2.2"
      })
      expect([config.server.port, config.server.ip, config.totalSize]).toEqual([3, "2.2.2.2", 1])
    })
  })

  it("that is wrong in file, environment, flags and rules tells all but the rules at once, exit code 78", () => {
    withFile('{ "server": { "port": "x" } }', (file) => {
      const failed = failure(["--config", file, "--totalSize", "x", "--admin.port", "8088"], {
        CLARION_RAW_ON_MESSAGE: "shout"
      })
      expect(failed?.problems.map(({ where }) => where)).toEqual([
        "server.port",
        "raw.onMessage",
        "totalSize"
      ])
      expect(failed?.[Runtime.errorExitCode]).toBe(78)
    })
  })

  it("with a file that is missing or broken tells so, and what else is wrong", () => {
    expect(failure(["--config", "/none/such.json", "--totalSize", "x"])?.problems).toHaveLength(2)
    withFile("{ broken", (file) => {
      expect(failure(["--config", file])?.message).toContain(`${file}: is not valid JSON`)
    })
  })

  it("knows the client's keys", () => {
    const wish = read(client, ["--server.uri", "http://localhost"])
    expect(Result.isFailure(wish) && wish.failure.problems[0]!.where).toBe("server.uri")
    expect(run(client, ["--server.uri", "wss://localhost:1/x"]).config.server.uri).toBe("wss://localhost:1/x")
  })
})

describe("--check-config", () => {
  it("says that all is sound, or fails", () => {
    expect(printed(server, ["--check-config"])).toBe("The configuration is sound.")
    expect(failure(["--check-config", "--totalSize", "x"])?.problems).toHaveLength(1)
  })
})

describe("--print-config", () => {
  it("prints the merged configuration as JSON", () => {
    const shown = JSON.parse(
      printed(server, ["--print-config", "--server.port", "9000"], { CLARION_TOTAL_SIZE: "7" })
    )
    expect(shown.server.port).toBe(9000)
    expect(shown.totalSize).toBe(7)
    expect(shown.sending.timer).toEqual({ delay: "10 minutes", interval: "1 minute" })
  })

  it("masks secrets", () => {
    const shown = printed(server, ["--print-config", "--auth.apiKey", "hunter2"])
    expect(shown).not.toContain("hunter2")
    expect(JSON.parse(shown).auth).toEqual({ apiKey: "<secret>" })
  })

  it("masks the token of NATS", () => {
    const shown = printed(server, [
      "--print-config",
      "--broker.type",
      "nats",
      "--broker.nats.token",
      "hunter2"
    ])
    expect(shown).not.toContain("hunter2")
    expect(shown).toContain("<secret>")
  })

  it("masks the secrets of tokens and of headers, too", () => {
    const secrets = Object.entries(serverKeys as Keys)
      .filter(([, { kind }]) => kind.isSecret === true)
      // It cannot be given beside a user.
      .filter(([path]) => path !== "broker.nats.token")
    const secretOf = (kind: unknown, at: number) => {
      if (kind === passwordHash) return `$scrypt$ln=4,r=8,p=1$hunter${at}Hunter$${"hunter".repeat(6)}`
      return kind === headers ? `{"X-Key":"hunter${at}"}` : `hunter${at}`
    }
    const args = secrets.flatMap(([path, { kind }], at) => [`--${path}`, secretOf(kind, at)])
    // Rules want them: a token of subscriptions that is on, a user for a password, and that NATS is used.
    const nats = ["--broker.type", "nats", "--broker.nats.user", "clarion"]
    const asked = ["--print-config", "--client.subscriptionToken.enabled", ...nats]
    const shown = printed(server, [...asked, ...args])
    expect(secrets.length).toBeGreaterThan(4)
    expect(shown).not.toContain("hunter")
    expect(shown.split("<secret>")).toHaveLength(secrets.length + 1)
  })

  it("prints what, given as a file, prints the same", () => {
    const args = [
      "--print-config",
      "--limits.idleTimeout",
      "90 s",
      "--server.shards",
      "4",
      "--log.level",
      "Warn"
    ]
    const once = printed(server, args)
    withFile(once, (file) => expect(printed(server, ["--config", file, "--print-config"])).toBe(once))
    const ofClient = printed(client, [
      "--print-config",
      "--local.ip",
      "127.0.1.1,127.0.1.2",
      "--thresholds.p99",
      "1.5"
    ])
    withFile(ofClient, (file) => expect(printed(client, ["--config", file, "--print-config"])).toBe(ofClient))
  })

  it("wants a sound configuration", () => {
    expect(failure(["--print-config", "--totalSize", "x"])?.problems).toHaveLength(1)
  })
})

describe("--doctor", () => {
  it("asks about the configuration instead of running it", () => {
    const wish = Result.getOrThrow(read(server, ["--doctor", "--totalSize", "7"]))
    expect("doctor" in wish && wish.doctor.totalSize).toBe(7)
    expect("config" in wish).toBe(false)
  })

  it("wants a sound configuration", () => {
    expect(failure(["--doctor", "--totalSize", "x"])?.[Runtime.errorExitCode]).toBe(78)
  })

  it("comes after what only looks at the configuration", () => {
    expect(printed(server, ["--doctor", "--check-config"])).toBe("The configuration is sound.")
    expect(printed(server, ["--doctor", "--help"])).toContain("--doctor ")
  })
})

describe("--help", () => {
  it.each([
    ["server", server as unknown as Program<Keys>],
    ["client", client as unknown as Program<Keys>]
  ])("of the %s lists every key with its meaning and built-in value", (_, program) => {
    const lines = printed(program, ["--help"]).split("\n")
    for (const [path, { about }] of Object.entries(program.keys)) {
      const line = lines.find((line) => line.trim().startsWith(`--${path} `))
      expect(line, path).toContain(about)
      expect(line, path).toMatch(/\[.+\]$/)
    }
  })

  it("shows built-in values as a file would have them", () => {
    const text = printed(server, ["--help"])
    expect(text).toMatch(/--sending\.timer\.delay .*\["10 minutes"\]/)
    expect(text).toMatch(/--admin\.port .*\[unset\]/)
    expect(text).toMatch(/--totalSize .*\[1200000\]/)
  })

  it("answers whatever else is wrong", () => {
    expect(printed(server, ["--help", "--totalSize", "x"])).toContain("Usage: node dist/server.js")
  })
})

describe("--version", () => {
  it("is the package's", () => {
    const manifest = JSON.parse(readFileSync(new URL("../../../package.json", import.meta.url), "utf8"))
    expect(printed(server, ["--version"])).toBe(manifest.version)
    expect(version).toBe(manifest.version)
  })
})

describe("the files in conf/", () => {
  it.each(readdirSync(conf).filter((name) => name.endsWith(".json")))("%s is sound", (name) => {
    const program = (name.startsWith("client") ? client : server) as unknown as Program<Keys>
    expect(printed(program, ["--config", `${conf}${name}`, "--check-config"])).toBe(
      "The configuration is sound."
    )
  })

  it("app.json has the friendly values", () => {
    const { config } = run(server, ["--config", `${conf}app.json`])
    expect([config.totalSize, config.onlyTestConnect]).toEqual([1, false])
    expect([config.sending.timer.delay, config.sending.timer.interval].map(Duration.toMillis)).toEqual([
      2000, 5000
    ])
  })

  it("centrifuge.json has what the SDK's own tests expect", () => {
    const { config } = run(server, ["--config", `${conf}centrifuge.json`])
    const { server: listening, auth, client: clients, channels } = config
    expect([listening.port, clients.insecure, clients.allowedOrigins, config.onlyTestConnect]).toEqual([
      8000,
      true,
      ["*"],
      true
    ])
    expect([auth.apiKey, clients.token.hmacSecretKey].map((key) => key && Redacted.value(key))).toEqual([
      "test-api-key",
      "secret"
    ])
    const history = { historySize: 100, historyTtl: Duration.seconds(300), forceRecovery: true }
    expect(channels.withoutNamespace).toMatchObject({ ...history, allowedDeltaTypes: ["fossil"] })
    expect(channels.namespaces).toMatchObject([
      { name: "delta", ...history, deltaPublish: true },
      { name: "recovery", ...history },
      { name: "smallhistory", ...history, historySize: 2 }
    ])
    const { sse, httpStream, uniWebsocket, uniSse, uniHttpStream } = config
    for (const transport of [sse, httpStream, uniWebsocket, uniSse, uniHttpStream])
      expect(transport.enabled).toBe(true)
  })

  it("c1000k.json has the original ones, which are the built-in ones", () => {
    expect(run(server, ["--config", `${conf}c1000k.json`]).config).toEqual(run(server, []).config)
  })
})
