/** Tunnels of the admin port whose other end is not what it should be. */
import { createServer, type Server } from "node:http"
import { type AddressInfo, createServer as createTcpServer } from "node:net"
import { createServer as createTlsServer } from "node:tls"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import { describe, expect, it, onTestFinished } from "vitest"
import { WebSocket } from "ws"
import type { Access } from "../../../src/services/admin/Access.ts"
import { openTunnels, type ServerAddress } from "../../../src/services/admin/tunnel.ts"
import { type Certificate, readCertificate } from "../../../src/services/certificate.ts"
import { makeCertificate } from "../../support/server/certificate.ts"
import { Heard } from "../../support/server/Heard.ts"
import { configOf } from "../../support/server/serve.ts"
import { temporaryFolder } from "../../support/server/temporaryFolder.ts"

const portOf = (server: Server | ReturnType<typeof createTcpServer>) => (server.address() as AddressInfo).port

const listening = async <S extends ReturnType<typeof createTcpServer>>(server: S): Promise<S> => {
  onTestFinished(() => void server.close())
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  return server
}

/** Everyone is logged in. */
const access = {
  loggedIn: () => ({ id: "", session: { expiresAt: 0, csrf: "" } })
} as unknown as Access["Service"]

/** An admin port whose tunnels go there; its scope ends with the test at the latest. */
const adminPort = async (address: Partial<ServerAddress>) => {
  const server = await listening(createServer())
  const scope = Scope.makeUnsafe()
  await Effect.runPromise(
    openTunnels(server, access, {
      ip: "127.0.0.1",
      port: () => undefined,
      certificate: undefined,
      ...address
    }).pipe(Scope.provide(scope))
  )
  const end = () => Effect.runPromise(Scope.close(scope, Exit.void))
  onTestFinished(end)
  return { port: portOf(server), end }
}

/** The status of the answer, or how the WebSocket ended without one. */
const status = (port: number): Promise<number | string> =>
  new Promise((resolve) => {
    const origin = `http://127.0.0.1:${port}`
    const socket = new WebSocket(`ws://127.0.0.1:${port}/connection/websocket`, { origin })
    socket.once("unexpected-response", (_, { statusCode = 0 }) => resolve(statusCode))
    socket.once("error", ({ message }) => resolve(message))
  })

const certificateOf = async (): Promise<Certificate> => {
  const { certFile, keyFile } = makeCertificate(temporaryFolder())
  const config = configOf({ "server.tls.cert": certFile, "server.tls.key": keyFile })
  return (await Effect.runPromise(readCertificate(config)))!
}

describe("a tunnel", () => {
  it("to a server that does not listen yet is refused", async () => {
    expect(await status((await adminPort({})).port)).toBe(503)
  })

  it("to a port where nobody listens any more is refused", async () => {
    const gone = await listening(createTcpServer())
    const port = portOf(gone)
    await new Promise((resolve) => gone.close(resolve))
    expect(await status((await adminPort({ port: () => port })).port)).toBe(502)
  })

  it("to somebody with another certificate is refused, and tells that one nothing", async () => {
    const [ours, theirs] = [await certificateOf(), await certificateOf()]
    const heard = new Heard<string>()
    const other = await listening(
      createTlsServer({ cert: theirs.cert, key: theirs.key }, (socket) => {
        socket.on("data", (data) => heard.add(String(data)))
        socket.on("error", () => {})
      })
    )
    expect(await status((await adminPort({ port: () => portOf(other), certificate: ours })).port)).toBe(502)
    expect(heard.all).toEqual([])
  })

  it("to one that answers nothing ends with the scope", async () => {
    const heads = new Heard<string>()
    const silent = await listening(
      createTcpServer((socket) => {
        socket.on("data", (data) => heads.add(String(data)))
        socket.on("error", () => {})
      })
    )
    const { port, end } = await adminPort({ port: () => portOf(silent) })
    const ended = status(port)
    expect((await heads.count(1))[0]).toMatch(/^GET \/connection\/websocket HTTP\/1\.1\r\n/)
    await end()
    expect(await ended).toBe("socket hang up")
  })

  it("passes on no cookie, and no header but those of the handshake", async () => {
    const heads = new Heard<string>()
    const other = await listening(
      createTcpServer((socket) => {
        socket.on("data", (data) => {
          heads.add(String(data))
          socket.destroy()
        })
      })
    )
    const { port } = await adminPort({ port: () => portOf(other) })
    const origin = `http://127.0.0.1:${port}`
    const headers = {
      cookie: "clarion_session=secret",
      authorization: "apikey secret",
      "x-api-key": "secret"
    }
    const socket = new WebSocket(`ws://127.0.0.1:${port}/connection/websocket?a=b`, { origin, headers })
    socket.on("error", () => {})
    const [head] = await heads.count(1)
    expect(head).toMatch(/^GET \/connection\/websocket\?a=b HTTP\/1\.1\r\n/)
    expect(head).toMatch(new RegExp(`^origin: ${origin}\r$`, "im"))
    expect(head).toMatch(/^sec-websocket-key: /im)
    expect(head).not.toContain("secret")
  })
})
