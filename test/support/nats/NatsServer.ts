/** Real NATS servers for tests: each with a port and a store directory of its own, ended with the scope. */
import { type ChildProcess, spawn, spawnSync } from "node:child_process"
import { once } from "node:events"
import { mkdtemp, rm, writeFile } from "node:fs/promises"
import { createServer } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { createInterface } from "node:readline"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { look } from "../processes/running.ts"

/** Undefined: there is one on PATH. Otherwise why these tests are skipped. */
export const noNatsServer: string | undefined =
  spawnSync("nats-server", ["--version"]).status === 0
    ? undefined
    : "skipped: there is no nats-server on PATH (Debian: apt-get install nats-server)"

const READY = /Server is ready/
/** Time for an answer of the monitoring: a server that is paused takes connections and says nothing. */
const MONITOR_MS = 2000

/** A port that nobody listens on now. */
export const freePort = async (): Promise<number> => {
  const server = createServer().listen(0, "127.0.0.1")
  await once(server, "listening")
  const { port } = server.address() as { port: number }
  server.close()
  await once(server, "close")
  return port
}

// biome-ignore lint/suspicious/noExplicitAny: each page has members of its own
const monitoredAt = async (port: number, page: string): Promise<any> =>
  (await fetch(`http://127.0.0.1:${port}/${page}`, { signal: AbortSignal.timeout(MONITOR_MS) })).json()

export interface NatsServerOptions {
  /** Another one for each server of a cluster. */
  readonly name?: string
  /** Further lines of its configuration file. */
  readonly configuration?: string
  /** Of its address: "tls" where its clients are to insist on that. */
  readonly scheme?: "nats" | "tls"
  /** An address of this machine for its clients; 127.0.0.1 without it. */
  readonly host?: string
}

/** One server, which can be killed, paused and started again with what it keeps. */
export class NatsServer {
  #child: ChildProcess | undefined

  private constructor(
    readonly name: string,
    readonly port: number,
    readonly directory: string,
    readonly scheme: "nats" | "tls",
    readonly host: string,
    readonly monitorPort: number
  ) {}

  get url(): string {
    return `${this.scheme}://${this.host}:${this.port}`
  }

  get pid(): number {
    return this.#child!.pid!
  }

  get isRunning(): boolean {
    return this.#child !== undefined
  }

  static async create(
    name: string,
    port: number,
    { configuration = "", scheme = "nats", host = "127.0.0.1" }: NatsServerOptions
  ): Promise<NatsServer> {
    const directory = await mkdtemp(join(tmpdir(), `clarion-nats-${name}-`))
    const server = new NatsServer(name, port, directory, scheme, host, await freePort())
    await server.configure(configuration)
    return server
  }

  /** Writes its configuration, which holds from its next start on. @param configuration further lines */
  async configure(configuration: string): Promise<void> {
    const { name, host, port, monitorPort, directory } = this
    await writeFile(
      join(directory, "nats.conf"),
      `server_name: ${name}
listen: "${host}:${port}"
http: "127.0.0.1:${monitorPort}"
jetstream { store_dir: "${directory}/jetstream", max_memory_store: 256MB, max_file_store: 2GB }
${configuration}
`
    )
  }

  /** Completes when it takes connections. */
  async start(): Promise<void> {
    const child = spawn("nats-server", ["-c", join(this.directory, "nats.conf")], {
      stdio: ["ignore", "ignore", "pipe"]
    })
    this.#child = child
    child.on("exit", () => {
      if (this.#child === child) this.#child = undefined
    })
    const said: Array<string> = []
    for await (const line of createInterface({ input: child.stderr! })) {
      said.push(line)
      if (!READY.test(line)) continue
      // What it says from now on is not read by anyone, and must not hold it up.
      child.stderr!.resume()
      return
    }
    throw new Error(`nats-server ${this.name} did not start:\n${said.join("\n")}`)
  }

  /** Ends it at once, as a machine that fails does. */
  kill(): Promise<void> {
    return this.#end("SIGKILL")
  }

  stop(): Promise<void> {
    return this.#end("SIGTERM")
  }

  /** It is there and does nothing, until it is resumed. */
  pause(): void {
    this.#child?.kill("SIGSTOP")
  }

  resume(): void {
    this.#child?.kill("SIGCONT")
  }

  /** A page of its monitoring, such as "jsz". Rejects where it does not answer. */
  // biome-ignore lint/suspicious/noExplicitAny: each page has members of its own
  monitored(page: string): Promise<any> {
    return monitoredAt(this.monitorPort, page)
  }

  async remove(): Promise<void> {
    await this.kill()
    await rm(this.directory, { recursive: true, force: true })
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#child
    if (child === undefined) return
    const ended = once(child, "exit")
    child.kill(signal)
    child.kill("SIGCONT")
    await ended
  }
}

/** Who leads JetStream, as the server knows; undefined: it does not, or does not answer. */
const leaderAt = (port: number): Promise<string | undefined> =>
  monitoredAt(port, "jsz").then(
    ({ meta_cluster }) => meta_cluster?.leader,
    () => undefined
  )

/**
 * Completes when servers of a cluster know who leads JetStream, and all the same. They are asked, as they do not always say it: in one of thirty
 * clusters of 2.9.10 one of the lines is missing, even the leader's own.
 * @param ports of their monitoring
 */
export const untilLed = async (ports: ReadonlyArray<number>): Promise<void> => {
  for (;;) {
    const leaders = await Promise.all(ports.map(leaderAt))
    if (leaders[0] !== undefined && new Set(leaders).size === 1) return
    await look()
  }
}

/** A port that was free a moment ago may be taken when a server wants it: then others are tried. */
const ATTEMPTS = 3

const started = (
  make: () => Promise<ReadonlyArray<NatsServer>>
): Effect.Effect<ReadonlyArray<NatsServer>, never, Scope.Scope> => {
  const remove = (servers: ReadonlyArray<NatsServer>) => Promise.all(servers.map((server) => server.remove()))
  const start = async (): Promise<ReadonlyArray<NatsServer>> => {
    for (let attempt = 1; ; attempt++) {
      const servers = await make()
      try {
        await Promise.all(servers.map((server) => server.start()))
        return servers
      } catch (error) {
        await remove(servers)
        if (attempt === ATTEMPTS) throw error
      }
    }
  }
  return Effect.acquireRelease(Effect.promise(start), (servers) => Effect.promise(() => remove(servers)))
}

/** One server with JetStream, until the scope closes. */
export const startNats = (options: NatsServerOptions = {}): Effect.Effect<NatsServer, never, Scope.Scope> =>
  Effect.map(
    started(async () => [await NatsServer.create(options.name ?? "alone", await freePort(), options)]),
    ([server]) => server!
  )

const NAMES = ["nats-a", "nats-b", "nats-c"] as const

const freePorts = () => Promise.all(NAMES.map(freePort))

/** Three servers that are one cluster, until the scope closes; JetStream has a leader when they are given. */
export const startNatsCluster = ({
  configuration = "",
  ...options
}: NatsServerOptions = {}): Effect.Effect<ReadonlyArray<NatsServer>, never, Scope.Scope> =>
  started(async () => {
    const [ports, routePorts] = [await freePorts(), await freePorts()]
    const routes = routePorts.map((port) => `nats-route://127.0.0.1:${port}`).join(", ")
    // Not advertised: who is told of one server's address, through a link that is to be cut, must not learn the others' own.
    const cluster = (port: number) =>
      `cluster { name: clarion-test, listen: "127.0.0.1:${port}", routes: [${routes}], no_advertise: true }`
    return Promise.all(
      NAMES.map((name, at) =>
        NatsServer.create(name, ports[at]!, {
          ...options,
          configuration: `${cluster(routePorts[at]!)}\n${configuration}`
        })
      )
    )
  }).pipe(
    Effect.tap((servers) => Effect.promise(() => untilLed(servers.map(({ monitorPort }) => monitorPort))))
  )
