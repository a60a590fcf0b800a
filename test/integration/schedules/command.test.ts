/** `node dist/server.js schedule …` as processes, against a server that is one. */
import { execFile } from "node:child_process"
import { fileURLToPath } from "node:url"
import { expect, it } from "vitest"
import { freePort } from "../../support/client/servers.ts"
import { connect } from "../../support/server/clients.ts"
import { API_KEY, launch } from "../../support/server/ServerProcess.ts"
import { temporaryFolder } from "../../support/server/temporaryFolder.ts"

const program = fileURLToPath(new URL("../../../dist/server.js", import.meta.url))

const run = (args: ReadonlyArray<string>, env: Readonly<Record<string, string>> = {}) =>
  new Promise<{ code: unknown; out: string; err: string }>((resolve) => {
    const options = { env: { ...process.env, ...env } }
    execFile(process.execPath, [program, "schedule", ...args], options, (error, out, err) =>
      resolve({ code: error?.code ?? 0, out, err })
    )
  })

it("makes, shows, changes, runs and cancels schedules of a running server", {
  timeout: 120_000
}, async () => {
  const port = await launch([]).port()
  const env = { CLARION_SERVER_PORT: String(port), CLARION_AUTH_API_KEY: API_KEY }
  const schedule = (...args: ReadonlyArray<string>) => run(args, env)
  const client = await connect(`ws://127.0.0.1:${port}/`)

  const add = ["add", "--cron", "0 9 * * 1-5", "--time-zone", "Asia/Tokyo", "--channel", "broadcast"]
  const morning = [...add, "--id", "morning", "--data", '{"text":"good morning"}']
  expect(await schedule(...morning)).toMatchObject({
    code: 0,
    err: "",
    out: expect.stringMatching(/^morning is scheduled, revision 1, due \d{4}-.*T00:00:00\.000Z\n$/)
  })
  expect((await schedule("list")).out).toMatch(/^morning +scheduled .*0 9 \* \* 1-5 Asia\/Tokyo +broadcast$/m)
  expect(await schedule("update", "morning", "--about", "x", "--revision", "1")).toMatchObject({ code: 0 })
  expect(await schedule("update", "morning", "--about", "y", "--revision", "1")).toMatchObject({
    code: 1,
    out: "",
    err: "its revision is 2, not 1\n"
  })
  expect((await schedule("run", "morning")).out).toBe("run 1 of morning: sent\n")
  expect(await client.messages.count(1)).toEqual(['{"text":"good morning"}'])
  const { runs } = JSON.parse((await schedule("runs", "morning", "--json")).out)
  expect(runs).toMatchObject([{ number: 1, outcome: "sent", receipt: { written: 1 } }])

  const impossible = await schedule("add", "--cron", "0 0 30 2 *", "--time-zone", "Mars", "--channel", "a:b")
  expect(impossible.code).toBe(1)
  for (const member of ["cron", "timeZone", "channels[0]", "data"])
    expect(impossible.err.split("\n").filter((line) => line.startsWith(`${member}: `))).toHaveLength(1)
  expect((await schedule("cancel", "morning")).out).toMatch(/^morning is cancelled/)
  expect(JSON.parse((await schedule("get", "morning", "--json")).out)).toMatchObject({
    state: "cancelled",
    about: "x",
    next: []
  })
})

it("finds the key in the store of the server", async () => {
  const store = temporaryFolder()
  const port = await launch(["--store.path", store], { apiKey: null }).port()
  const env = { CLARION_SERVER_PORT: String(port), CLARION_STORE_PATH: store }
  expect(await run(["list"], env)).toEqual({ code: 0, out: "no schedules\n", err: "" })
  const stranger = await run(["list"], { ...env, CLARION_STORE_PATH: temporaryFolder() })
  expect(stranger).toMatchObject({ code: 1, out: "", err: expect.stringContaining("--api-key") })
})

it("ends with a code that says why", async () => {
  const place = ["--url", `http://127.0.0.1:${await freePort()}`, "--api-key", "k"]
  const [gone, unknown, help] = await Promise.all([run(["list", ...place]), run(["lst"]), run(["--help"])])
  expect(gone).toMatchObject({ code: 69, out: "", err: expect.stringContaining("is the server running") })
  expect(unknown).toMatchObject({ code: 78, err: expect.stringContaining("Did you mean") })
  expect(help).toMatchObject({ code: 0, err: "", out: expect.stringContaining("cancel") })
})
