/** The example runs as it says it does. */
import { describe, expect, it } from "vitest"
import { start } from "../support/client/Program.ts"
import { freePort } from "../support/client/servers.ts"
import { connect, refusal } from "../support/server/clients.ts"
import { temporaryFolder } from "../support/server/temporaryFolder.ts"

describe("examples/embedded.ts", () => {
  it("lets in who says who it is, sends prices, logs what it hears, and ends on SIGTERM", async () => {
    const port = await freePort()
    const example = start(["dist/examples/embedded.js"], {
      environment: { PORT: String(port), CLARION_STORE_PATH: temporaryFolder() }
    })
    await example.line(new RegExp(`connect to ws://localhost:${port}/\\?user=NAME`))

    const { status, body } = await refusal(`ws://127.0.0.1:${port}/`)
    expect([status, body.trim()]).toEqual([401, "say who you are: ?user=NAME"])

    const client = await connect(`ws://127.0.0.1:${port}/?user=ada`)
    const [first, second] = await client.messages.count(2)
    for (const message of [first, second])
      expect(JSON.parse(String(message))).toEqual({ symbol: "CLRN", price: expect.any(Number) })
    await example.line(/written to 1 of 1 clients/)
    await client.send("hello")
    await example.line(/ada.*says hello/)

    example.signal("SIGTERM")
    expect((await client.ended).code).toBe(1012)
    expect((await example.ended).signal).toBeNull()
  })
})
