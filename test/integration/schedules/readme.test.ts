/** The commands of README's section "Schedules" do what it says. */
import { spawn, spawnSync } from "node:child_process"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { expect, it, onTestFinished } from "vitest"
import { freePort } from "../../support/client/servers.ts"
import { Heard } from "../../support/server/Heard.ts"
import { launch } from "../../support/server/ServerProcess.ts"
import { temporaryFolder } from "../../support/server/temporaryFolder.ts"

const at = (path: string) => fileURLToPath(new URL(`../../../${path}`, import.meta.url))

/** The lines of the section's first block. */
const commands = (): ReadonlyArray<string> => {
  const [, section = ""] = /\n## Schedules\n([\s\S]*?)\n## /.exec(readFileSync(at("README.md"), "utf8")) ?? []
  return /```\n([\s\S]*?)\n```/.exec(section)![1]!.split("\n")
}

/** The block's commands, against another port and store. */
const shellOf = (port: number, store: string) => {
  const [settings = ""] = commands()
  const placed = (line: string) =>
    line
      .replaceAll("localhost:8088", `127.0.0.1:${port}`)
      .replaceAll("tcp 8088", `tcp ${port}`)
      .replaceAll("data/api-key", join(store, "api-key"))
  return (line: string) => {
    const child = spawn("sh", ["-c", `${placed(settings)}\nexec ${placed(line)}`], {
      stdio: ["ignore", "pipe", "ignore"]
    })
    onTestFinished(() => void child.kill())
    const output = new Heard<string>()
    let text = ""
    child.stdout!.on("data", (part) => {
      text += part
      output.add(text)
    })
    const ended = new Promise<string>((resolve) => child.once("close", () => resolve(text)))
    return { child, output, ended }
  }
}

it("five lines of curl make a schedule that lives through kill -9", { timeout: 120_000 }, async () => {
  const [port, store] = [await freePort(), temporaryFolder()]
  const start = async () => {
    const args = ["--config", at("conf/app.json"), "--server.port", `${port}`, "--store.path", store]
    const server = launch(args, { apiKey: null, program: "scripts/start.mjs" })
    await server.port()
    return server
  }
  const server = await start()
  const shell = shellOf(port, store)
  const [, create = "", listen = "", kill = "", again = "", runs = "", cancel = "", ...rest] = commands()
  expect(rest).toEqual([])
  expect(commands().filter((line) => line.startsWith("curl"))).toHaveLength(5)

  expect(JSON.parse(await shell(create).ended)).toMatchObject({ id: "tea", state: "scheduled", every: 2000 })
  /** The numbers of two runs that somebody hears. */
  const hear = async (line: string): Promise<ReadonlyArray<number>> => {
    const { child, output } = shell(line)
    const numbers = (text = "") =>
      [...text.matchAll(/^data: {"run":(\d+),"due":"\d{4}-[^"]*Z"}$/gm)].map(([, n]) => Number(n))
    const all = await output.until((texts) => numbers(texts.at(-1)).length >= 2)
    child.kill()
    return numbers(all.at(-1))
  }
  const before = await hear(listen)
  expect(kill).toMatch(/^fuser -k -n tcp 8088 /)
  // Not every machine has it.
  if (spawnSync("fuser", ["-V"]).error === undefined) await shell(kill).ended
  else server.kill("SIGKILL")
  expect(await server.ended).toMatchObject({ signal: "SIGKILL" })
  await start()
  const after = await hear(again)
  expect(after[0]).toBeGreaterThan(before.at(-1)!)

  const { runs: list } = JSON.parse(await shell(runs).ended)
  const numbers = list.map(({ number }: { number: number }) => number).reverse()
  expect(numbers).toEqual(Array.from({ length: numbers.length }, (_, i) => i + 1))
  const last = list.find(({ number }: { number: number }) => number === after[0])
  expect(last).toMatchObject({ outcome: "sent", receipt: { eligible: 1, written: 1 } })
  expect(JSON.parse(await shell(cancel).ended)).toMatchObject({ id: "tea", state: "cancelled" })
})
