import { execFileSync } from "node:child_process"
import { mkdtempSync, readFileSync, rmSync } from "node:fs"
import { createServer, type Server as HttpsServer } from "node:https"
import type { AddressInfo } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest"
import { type WebSocket, WebSocketServer } from "ws"
import { Connector, type ConnectorOptions } from "../../../src/client/Connector.ts"
import { RecordingOwner, signal } from "./recordingOwner.ts"

interface Outside {
  readonly server: WebSocketServer
  readonly options: Omit<ConnectorOptions, "owner">
}

const listening = (server: WebSocketServer | HttpsServer): Promise<void> =>
  new Promise((resolve) => void server.once("listening", resolve))

const serveWs = async (): Promise<Outside> => {
  const server = new WebSocketServer({ host: "127.0.0.1", port: 0 })
  await listening(server)
  const { port } = server.address() as AddressInfo
  const target = {
    secure: false,
    hostname: "127.0.0.1",
    address: "127.0.0.1",
    host: `127.0.0.1:${port}`,
    port,
    path: "/"
  }
  return { server, options: { target, localAddress: "127.0.1.7" } }
}

const folder = mkdtempSync(join(tmpdir(), "clarion-tls-"))
let pem: { cert: string; key: string }
beforeAll(() => {
  const [cert, key] = [join(folder, "cert.pem"), join(folder, "key.pem")]
  const subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
  execFileSync(
    "openssl",
    [
      "req",
      "-x509",
      "-newkey",
      "ec",
      "-pkeyopt",
      "ec_paramgen_curve:P-256",
      "-nodes",
      "-days",
      "2",
      "-keyout",
      key,
      "-out",
      cert,
      ...subject
    ],
    { stdio: "ignore" }
  )
  pem = { cert: readFileSync(cert, "utf8"), key: readFileSync(key, "utf8") }
})
afterAll(() => rmSync(folder, { recursive: true }))

const serveWss = async (): Promise<Outside> => {
  const https = createServer(pem)
  const server = new WebSocketServer({ server: https })
  https.listen(0, "127.0.0.1")
  await listening(https)
  server.once("close", () => https.close())
  const { port } = https.address() as AddressInfo
  const target = {
    secure: true,
    hostname: "localhost",
    address: "127.0.0.1",
    host: `localhost:${port}`,
    port,
    path: "/"
  }
  return { server, options: { target, tls: { ca: pem.cert } } }
}

const outside: Array<WebSocketServer> = []
afterEach(() => {
  for (const server of outside.splice(0)) {
    for (const client of server.clients) client.terminate()
    server.close()
  }
})

describe.each([
  ["ws", serveWs],
  ["wss", serveWss]
])("over %s", (_, serve) => {
  const start = async (
    onConnection: (socket: WebSocket, headers: NodeJS.Dict<string | Array<string>>) => void
  ) => {
    const { server, options } = await serve()
    outside.push(server)
    server.on("connection", (socket, request) => onConnection(socket, request.headers))
    const owner = new RecordingOwner()
    return { owner, server, connector: new Connector({ ...options, owner, maxPayload: 300_000 }) }
  }

  it("a connection opens, hears text and binary in order, and the server's close ends it cleanly", async () => {
    const { owner, connector } = await start((socket) => {
      socket.send("1700000000000")
      socket.send(Buffer.from([0, 255]))
      socket.send("žluťoučký kůň")
      socket.close(4001, "enough")
    })
    const socket = connector.connect()
    expect(socket.state).toBe("connecting")
    await owner.ended()
    expect(owner.lines).toEqual([
      "open",
      "text 1700000000000",
      "binary 00ff",
      "text žluťoučký kůň",
      "closed 4001 enough clean"
    ])
    expect(socket.state).toBe("closed")
  })

  it("what it sends arrives unmasked, and a message over many reads comes back whole", async () => {
    const { owner, connector } = await start((socket) => {
      socket.on("message", (data, isBinary) => socket.send(data, { binary: isBinary }))
    })
    const long = "0123456789".repeat(25_000)
    owner.whenOpen = (socket) => {
      expect(socket.sendText("short")).toBe(true)
      expect(socket.sendBinary(Buffer.from([1, 2]))).toBe(true)
      expect(socket.sendText(long)).toBe(true)
    }
    const socket = connector.connect()
    await owner.heard(/^text 0123/)
    expect(owner.lines).toEqual(["open", "text short", "binary 0102", `text ${long}`])
    socket.close(1000, "bye")
    await owner.ended()
    expect(owner.lines.at(-1)).toMatch(/^closed 1000 bye clean$/)
    expect(socket.sendText("late")).toBe(false)
  })

  it("fragments with a ping between them come as one message, and the ping is answered", async () => {
    const pong = signal<string>()
    const { owner, connector } = await start((socket) => {
      socket.on("pong", (data) => pong.tell(data.toString()))
      socket.send("one ", { fin: false })
      socket.ping("are you there")
      socket.send("two", { fin: true })
    })
    connector.connect()
    expect(await pong.told).toBe("are you there")
    await owner.heard(/^text/)
    expect(owner.lines).toEqual(["open", "text one two"])
  })

  it("the server hears our close code and reason", async () => {
    const closed = signal<string>()
    const { owner, connector } = await start((socket) => {
      socket.on("close", (code, reason) => closed.tell(`${code} ${reason.toString()}`))
    })
    owner.whenOpen = (socket) => socket.close(1001, "done")
    connector.connect()
    expect(await closed.told).toBe("1001 done")
    await owner.ended()
    expect(owner.lines.at(-1)).toMatch(/^closed 1001 done clean$/)
  })

  it("a server that goes away without a close frame is 1006 and not clean", async () => {
    const { owner, connector } = await start((socket) => socket.terminate())
    connector.connect()
    await owner.ended()
    expect(owner.lines).toEqual(["open", "closed 1006  unclean"])
  })

  it("a terminated connection ends without a close frame on the server's side", async () => {
    const closed = signal<number>()
    const { owner, connector } = await start((socket) => socket.on("close", closed.tell))
    owner.whenOpen = (socket) => socket.terminate()
    const socket = connector.connect()
    await owner.ended()
    expect(owner.lines).toEqual(["open", "closed 1006  unclean"])
    expect(await closed.told).toBe(1006)
    expect(socket.state).toBe("closed")
  })

  it("a message over the limit fails with a protocol error, and the server hears 1009", async () => {
    const closed = signal<number>()
    const { owner, connector } = await start((socket) => {
      socket.on("close", closed.tell)
      socket.send(Buffer.alloc(300_001))
    })
    connector.connect()
    expect(await closed.told).toBe(1009)
    await owner.ended()
    expect(owner.lines).toEqual(["open", "failed protocolError after opening"])
    expect(owner.errors[0]).toMatchObject({ closeCode: 1009 })
  })

  it("a hundred connections share one connector and each hears its own number", async () => {
    let number = 0
    const { owner, connector } = await start((socket) => socket.send(`number ${number++}`))
    for (let i = 0; i < 100; i++) connector.connect().slot = i
    await owner.heard(/^text/, 100)
    expect(new Set(owner.lines.filter((line) => line.startsWith("text"))).size).toBe(100)
    expect(owner.lines.filter((line) => line === "open")).toHaveLength(100)
  })
})

describe("what tells the servers apart", () => {
  it("a connection leaves from its local address and carries the headers it was given", async () => {
    const { server, options } = await serveWs()
    outside.push(server)
    const owner = new RecordingOwner()
    const seen = new Promise<unknown>((resolve) => {
      server.on("connection", (_, { socket, headers, url }) =>
        resolve([socket.remoteAddress, headers["x-run"], headers.host, url])
      )
    })
    const { target } = options
    new Connector({
      ...options,
      owner,
      target: { ...target, path: "/a?b=c" },
      headers: { "X-Run": "7" }
    }).connect()
    expect(await seen).toEqual(["127.0.1.7", "7", target.host, "/a?b=c"])
  })

  it("a certificate that nobody vouches for is a tls failure, unless it need not be verified", async () => {
    const { server, options } = await serveWss()
    outside.push(server)
    const owner = new RecordingOwner()
    new Connector({ ...options, owner, tls: {} }).connect()
    await owner.ended()
    new Connector({ ...options, owner, tls: { verify: false } }).connect()
    await owner.heard(/^open/)
    expect(owner.lines).toEqual(["failed tls before opening", "open"])
  })
})
