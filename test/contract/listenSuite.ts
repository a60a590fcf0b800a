/** The transport contract: how a listener begins and ends, and what it says when it cannot begin. */
import { writeFileSync } from "node:fs"
import { type AddressInfo, createServer } from "node:net"
import { join } from "node:path"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { expect, it, onTestFinished } from "vitest"
import { ServerConfig } from "../../src/config/ServerConfig.ts"
import { CloseReasons } from "../../src/protocol/closeCodes.ts"
import { Admission } from "../../src/services/hot/Admission.ts"
import type { Connection } from "../../src/services/hot/Connection.ts"
import { Intake } from "../../src/services/hot/Intake.ts"
import { Keepalive } from "../../src/services/hot/Keepalive.ts"
import { Publisher } from "../../src/services/Publisher.ts"
import { Transport } from "../../src/services/Transport.ts"
import { layerTransport } from "../../src/services/transportLayer.ts"
import { connect, connectMany } from "../support/server/clients.ts"
import { openRaw } from "../support/server/RawClient.ts"
import { configOf, serve } from "../support/server/serve.ts"
import { temporaryFolder } from "../support/server/temporaryFolder.ts"
import type { Contract } from "./Contract.ts"

/** A port that somebody else holds until the test has finished. */
const takenPort = (): Promise<number> =>
  new Promise((resolve) => {
    const server = createServer()
    onTestFinished(() => void server.close())
    server.listen(0, "127.0.0.1", () => resolve((server.address() as AddressInfo).port))
  })

export const listenSuite = ({ start, transport, isSecure }: Contract) => {
  it.skipIf(isSecure)("the end finishes broadcasts under way before it closes anyone", async () => {
    const served = await start({ "shutdown.timeout": "2 seconds" })
    const clients = await connectMany(served.url(), 600)
    // Not in the server's own runtime, which would end the waiting with the server.
    const publisher = await served.runtime.runPromise(Effect.flatMap(Publisher, Effect.succeed))
    const receipt = Effect.runPromise(publisher.broadcast("the last words"))
    await served.runtime.dispose()
    expect(await receipt).toMatchObject({ eligible: 600, written: 600, dropped: 0, closed: 0 })
    for (const { messages, ended } of clients) {
      expect([...(await messages.count(1))]).toEqual(["the last words"])
      expect((await ended).code).toBe(1012)
    }
  })

  it.skipIf(isSecure)("stopAccepting takes no new connection and leaves the open ones alone", async () => {
    const config = configOf({ "server.transport": transport })
    const placed: Array<Connection> = []
    const placement = { place: (connection: Connection) => placed.push(connection) > 0, closed: () => {} }
    const intake = new Intake(new Admission(100, 0, 0), new Keepalive(0, 0), placement, 1000, () =>
      Date.now()
    )
    const listening = Effect.gen(function* () {
      const http = () => ({ status: 200, headers: [], body: "" })
      const listener = yield* (yield* Transport).listen({ intake, decide: undefined, http })
      const url = `ws://127.0.0.1:${listener.port}`
      const client = yield* Effect.promise(() => connect(url))
      yield* listener.stopAccepting
      const late = yield* Effect.promise(() =>
        connect(url).then(
          () => "taken",
          ({ code }) => code
        )
      )
      placed[0]!.send(Buffer.from("still here"), false)
      const heard = yield* Effect.promise(() => client.messages.count(1))
      placed[0]!.close(CloseReasons.restart)
      return { late, heard: [...heard], end: yield* Effect.promise(() => client.ended) }
    })
    const layer = layerTransport.pipe(Layer.provide(Layer.succeed(ServerConfig, config)))
    const { late, heard, end } = await Effect.runPromise(Effect.scoped(Effect.provide(listening, layer)))
    expect(late).toBe("ECONNREFUSED")
    expect(heard).toEqual(["still here"])
    expect(end).toEqual({ code: 1012, reason: "service restart" })
  })

  it("the end of the service closes everyone with 1012, and takes nobody any more", async () => {
    const served = await start()
    const clients = await connectMany(served.url(), 150)
    await served.runtime.dispose()
    const ends = await Promise.all(clients.map(({ ended }) => ended))
    expect(ends.filter(({ code }) => code !== 1012)).toEqual([])
    await expect(connect(served.url())).rejects.toMatchObject({ code: "ECONNREFUSED" })
  })

  it("the end of the service does not wait for sockets that never spoke, or stopped to", async () => {
    const served = await start({ "shutdown.timeout": "100 ms" })
    const { port } = served
    const mute = await openRaw({ port, isSecure: false })
    const halfway = (await openRaw({ port, isSecure: false })).send("GET / HT")
    const client = await connect(served.url())
    client.raw.pause()
    await served.runtime.dispose()
    await Promise.all([mute.ended, halfway.ended])
  })

  it("a port that another program holds is a failure that says so", async () => {
    const port = await takenPort()
    await expect(start({ "server.port": port })).rejects.toMatchObject({
      _tag: "ListenFailed",
      reason: "portInUse",
      port,
      message: expect.stringContaining("in use by another process")
    })
  })

  it.each(["uws", "ws"] as const)(
    "so is one that a server on %s holds, who goes on undisturbed",
    async (holder) => {
      const first = await serve({ "server.transport": holder })
      const client = await connect(first.url())
      await expect(start({ "server.port": first.port })).rejects.toMatchObject({ reason: "portInUse" })
      const others = await connectMany(first.url(), 20)
      expect(await first.broadcast("x")).toMatchObject({ written: 21 })
      expect(await client.messages.count(1)).toEqual(["x"])
      expect(others.every(({ isOpen }) => isOpen)).toBe(true)
    }
  )

  it("an address that this machine has not is a failure that says so", async () => {
    const elsewhere = start({ "server.ip": "192.0.2.1" })
    await expect(elsewhere).rejects.toMatchObject({ _tag: "ListenFailed", reason: "addressNotAvailable" })
  })

  it.skipIf(isSecure)("TLS files that are missing or no certificate are a failure that says so", async () => {
    const folder = temporaryFolder()
    const garbage = join(folder, "garbage.pem")
    writeFileSync(garbage, "this is no certificate")
    const missing = join(folder, "nowhere.pem")
    for (const [cert, key] of [
      [missing, missing],
      [garbage, garbage]
    ]) {
      const failing = start({ "server.tls.cert": cert, "server.tls.key": key })
      await expect(failing).rejects.toMatchObject({ _tag: "ListenFailed", reason: "tls" })
    }
  })

  it("a port is free again as soon as the service has ended", async () => {
    const first = await start()
    await connect(first.url())
    await first.stop()
    const second = await start({ "server.port": first.port })
    expect((await connect(second.url())).isOpen).toBe(true)
  })
}
