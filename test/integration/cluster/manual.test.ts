/** Files of docs/scale-out.md do what the page says: NATS servers, nodes, and what stands in front of them, as they are written there. */
import { type ChildProcess, spawn, spawnSync } from "node:child_process"
import { readFileSync, writeFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { createInterface } from "node:readline"
import { describe, expect, it, onTestFinished } from "vitest"
import { Sdk } from "../../support/centrifuge/sdk.ts"
import { ROOT } from "../../support/client/Program.ts"
import { freePort } from "../../support/client/servers.ts"
import { NodeProcess, natsForTest } from "../../support/cluster/nodeProcesses.ts"
import { noNatsServer, untilLed } from "../../support/nats/NatsServer.ts"
import { look } from "../../support/processes/running.ts"
import { Heard } from "../../support/server/Heard.ts"
import { launch } from "../../support/server/ServerProcess.ts"
import { temporaryFolder } from "../../support/server/temporaryFolder.ts"

const page = readFileSync(join(ROOT, "docs/scale-out.md"), "utf8")
const blocks = (language: string): ReadonlyArray<string> =>
  [...page.matchAll(new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\`$`, "gm"))].map(([, text]) => text!)
const only = (language: string): string => {
  const found = blocks(language)
  expect(found).toHaveLength(1)
  return found[0]!
}

/** The page's addresses as ports of this machine, each port always the same. */
class Addresses {
  readonly #ports = new Map<string, number>()

  async here(text: string, known: Readonly<Record<string, number>> = {}): Promise<string> {
    for (const [address] of text.matchAll(/10\.0\.0\.\d+:\d+/g))
      if (!this.#ports.has(address)) this.#ports.set(address, known[address] ?? (await freePort()))
    return text.replace(/10\.0\.0\.\d+:\d+/g, (address) => `127.0.0.1:${this.#ports.get(address)}`)
  }
}

const run = (command: string, args: ReadonlyArray<string>, env: Readonly<Record<string, string>> = {}) => {
  const child = spawn(command, args, { stdio: ["ignore", "pipe", "pipe"], env: { ...process.env, ...env } })
  onTestFinished(() => void child.kill("SIGKILL"))
  const lines = new Heard<string>()
  for (const output of [child.stdout, child.stderr]) createInterface({ input: output }).on("line", lines.add)
  return { child, lines }
}

/** Rejects with what it said when it ends before. */
const said = (
  { child, lines }: { child: ChildProcess; lines: Heard<string> },
  line: RegExp
): Promise<string> =>
  Promise.race([
    lines.first((text) => line.test(text)),
    new Promise<never>((_, reject) => child.once("close", () => reject(new Error(lines.all.join("\n")))))
  ])

describe.skipIf(noNatsServer !== undefined)(`the files of Setting it up ${noNatsServer ?? ""}`, () => {
  const PASSWORD = "the-password"
  const secrets = { CLARION_BROKER_NATS_PASSWORD: PASSWORD, CLARION_CLIENT_TOKEN_HMAC_SECRET_KEY: "secret" }

  it("make three NATS servers and two nodes one cluster, with no more rights than the page gives", async () => {
    const [folder, addresses] = [temporaryFolder(), new Addresses()]
    const files = blocks("nats").map((text) => [/^# (\S+)/.exec(text)![1]!, text] as const)
    expect(files.map(([name]) => name)).toEqual(["nats-1.conf", "nats-2.conf", "nats-3.conf", "common.conf"])
    const [servers, monitors]: [Array<ReturnType<typeof run>>, Array<number>] = [[], []]
    for (const [server] of files.slice(0, 3)) {
      // Each on a machine of its own.
      const machine = temporaryFolder()
      for (const [name, text] of files)
        writeFileSync(join(machine, name), (await addresses.here(text)).replace("/var/lib/nats", machine))
      const monitor = await freePort()
      monitors.push(monitor)
      const args = ["-c", join(machine, server), "--http_port", String(monitor)]
      servers.push(run("nats-server", args, secrets))
    }
    await Promise.all(servers.map((server) => said(server, /Server is ready/)))
    await untilLed(monitors)

    const config = join(folder, "node.json")
    writeFileSync(config, await addresses.here(only("json")))
    const check = spawnSync(process.execPath, ["dist/server.js", "--config", config, "--check-config"], {
      cwd: ROOT
    })
    expect(check.stdout.toString()).toContain("The configuration is sound.")
    const nodes = ["push-1", "push-2"].map((name) =>
      launch(["--config", config, "--node.name", name], { env: secrets })
    )
    const ports = await Promise.all(nodes.map((node) => node.port()))
    await nodes[1]!.lines.first((line) => line.startsWith("node push-1 is there"))
    const ask = async (port: number, method: string, request: object) => {
      const url = `http://127.0.0.1:${port}/api/${method}`
      const headers = { "x-api-key": "the key of the tests" }
      const answer = await fetch(url, { method: "POST", headers, body: JSON.stringify(request) })
      return ((await answer.json()) as { result: Record<string, unknown> }).result
    }
    expect((await ask(ports[1]!, "info", {})).nodes).toHaveLength(2)
    const publication = { channel: "news:today", data: "hello", idempotency_key: "once" }
    expect(await ask(ports[0]!, "publish", publication)).toMatchObject({ offset: 1 })
    expect(await ask(ports[1]!, "publish", publication)).toMatchObject({ offset: 1 })
    expect((await ask(ports[1]!, "history", { channel: "news:today", limit: 10 })).publications).toHaveLength(
      1
    )
    // Whoever leads has the bucket of leases, and of schedules.
    const schedule = { id: "tea", every: "1 hour", channels: ["news:today"], data: "tea" }
    const made = await fetch(`http://127.0.0.1:${ports[0]}/api/schedules`, {
      method: "POST",
      headers: { "x-api-key": "the key of the tests", "content-type": "application/json" },
      body: JSON.stringify(schedule)
    })
    expect(made.status).toBe(201)
    for (const { lines } of nodes) expect(lines.all.join("\n")).not.toMatch(/NATS says|ermission/)
  }, 120_000)
})

/** What is missing of a program in front; undefined: nothing. */
const missing = (command: string): string | undefined =>
  spawnSync(command, ["-v"]).status === 0
    ? undefined
    : `skipped: there is no ${command} on PATH (Debian: apt-get install ${command})`

const NODES = ["10.0.0.11:8088", "10.0.0.12:8088"] as const

/** Two nodes over NATS, and a client that came through the port in front of them. */
const behind = async (start: (nodes: Readonly<Record<string, number>>) => Promise<number>) => {
  const nats = await natsForTest()
  const history = ["historySize", "10", "historyTtl", "1 minute", "forceRecovery", "true"]
  const options = [0, 2, 4].flatMap((at) => [`--channels.withoutNamespace.${history[at]}`, history[at + 1]!])
  const open = ["--client.insecure", "true", ...options]
  const nodes = [await NodeProcess.start("push-1", nats, open), await NodeProcess.start("push-2", nats, open)]
  await nodes[1]!.sees("push-1")
  const front = await start({ [NODES[0]]: nodes[0]!.port, [NODES[1]]: nodes[1]!.port })
  // Nobody tells when it listens.
  const isReady = () =>
    fetch(`http://127.0.0.1:${front}/ready`).then(
      ({ ok }) => ok,
      () => false
    )
  while (!(await isReady())) await look()
  const client = await new Sdk(front).connect()
  const heard = await client.subscribe("news")
  return { nodes, front, client, heard }
}

const PROGRAMS = {
  haproxy: async (text: string, folder: string, port: number) => {
    const file = join(folder, "haproxy.cfg")
    // Only root may listen below 1024, and a container may allow less files.
    writeFileSync(
      file,
      text.replace("bind :80", `bind 127.0.0.1:${port}`).replace("maxconn 200000", "maxconn 1000")
    )
    return { check: ["-c", "-f", file], serve: ["-db", "-f", file] }
  },
  nginx: async (text: string, folder: string, port: number) => {
    const file = join(folder, "nginx.conf")
    const temp = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map(
      (of) => `${of}_temp_path ${folder}/${of};`
    )
    const http = `http {\n  access_log off;\n  ${temp.join(" ")}`
    const own = text.replace("http {", http).replace("listen 80", `listen 127.0.0.1:${port}`)
    writeFileSync(file, own.replace(/200000|100000/g, "1000"))
    const main = ["-p", dirname(file), "-c", file, "-e", "stderr"]
    const global = `daemon off; pid ${folder}/pid; error_log stderr; ${process.getuid?.() === 0 ? "user root;" : ""}`
    return { check: ["-t", ...main, "-g", global], serve: [...main, "-g", global] }
  }
} as const

describe.each(["haproxy", "nginx"] as const)("%s as the page has it", (name) => {
  const reason = missing(name) ?? noNatsServer
  it.skipIf(reason !== undefined)(
    `is accepted, and a client whose node is killed recovers through it ${reason ?? ""}`,
    async () => {
      const { nodes, front, heard, client } = await behind(async (known) => {
        const [folder, port] = [temporaryFolder(), await freePort()]
        const text = await new Addresses().here(only(name), known)
        const { check, serve } = await PROGRAMS[name](text, folder, port)
        const checked = spawnSync(name, check)
        expect([checked.status, checked.stderr.toString()]).toMatchObject([0, expect.anything()])
        run(name, serve)
        return port
      })
      const infos = (await nodes[0]!.api("info")).nodes as ReadonlyArray<{
        name: string
        num_clients: number
      }>
      const its = infos.find((info) => info.num_clients === 1)!.name
      const [lost, left] = its === nodes[0]!.name ? nodes : [...nodes].reverse()
      lost!.server.kill("SIGKILL")
      await left!.api("publish", { channel: "news", data: "missed" })
      const [, again] = await heard.subscribed.count(2)
      expect(again).toMatchObject({ wasRecovering: true, recovered: true })
      await heard.publications.first(({ data }) => data === "missed")
      expect(client.disconnected.all).toEqual([])
      // Whoever asks now is not sent to the dead one, or on from there.
      for (let asked = 0; asked < 4; asked++)
        expect((await fetch(`http://127.0.0.1:${front}/ready`)).status).toBe(200)
    },
    120_000
  )
})
