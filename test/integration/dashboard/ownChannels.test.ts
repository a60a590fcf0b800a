/** The channels of the server itself: pages that are logged in hear them, and to everyone else they are unknown. */
import { describe, expect, it } from "vitest"
import { dashboardChannels, type Overview } from "../../../src/protocol/dashboard.ts"
import { Visitor } from "../../support/admin/Visitor.ts"
import { Sdk } from "../../support/centrifuge/sdk.ts"
import { API_KEY, serve } from "../../support/server/serve.ts"

const { overview } = dashboardChannels

describe.each(["uws", "ws"] as const)("the server's own channels on %s", (transport) => {
  it("a page that is logged in hears them", async () => {
    const served = await serve({ "server.transport": transport })
    const visitor = new Visitor(served.port)
    const { life } = JSON.parse((await visitor.logIn({ apiKey: API_KEY })).body) as { life: string }
    const sdk = await new Sdk(served.port, { getToken: () => visitor.token() }).connect()
    const { publications } = await sdk.subscribe(overview, {
      getToken: ({ channel }: { channel: string }) => visitor.token(channel),
      delta: "fossil"
    })
    const states = (await publications.count(2)).map(({ data }) => data as Overview)
    expect(states[0]).toMatchObject({ life, state: "serving", connections: 1 })
    expect(states[1]!.at).toBeGreaterThan(states[0]!.at)
  })
})
