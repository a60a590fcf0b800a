import * as net from "node:net"
import { afterEach, describe, expect, it } from "vitest"
import { MAX_UNSENT_BYTES } from "../../../src/client/ClientSocket.ts"
import { Connector, type ConnectorOptions } from "../../../src/client/Connector.ts"
import { acceptOf } from "../../../src/client/handshake.ts"
import { MAX_PORT_TRIES } from "../../../src/client/localPorts.ts"
import { frame, Opcode, textFrame } from "../../../src/services/hot/frames.ts"
import { RecordingOwner, signal } from "./recordingOwner.ts"

const targetOf = (port: number, address = "127.0.0.1"): ConnectorOptions["target"] => ({
  secure: false,
  hostname: address,
  address,
  host: `${address}:${port}`,
  port,
  path: "/"
})

const running: Array<{ server: net.Server; sockets: Set<net.Socket> }> = []
afterEach(() => {
  for (const { server, sockets } of running.splice(0)) {
    for (const socket of sockets) socket.destroy()
    server.close()
  }
})

/** A server on plain TCP that calls `answer` with each upgrade request's good answer. */
const serve = async (answer: (socket: net.Socket, good: string) => void): Promise<number> => {
  const sockets = new Set<net.Socket>()
  const server = net.createServer((socket) => {
    sockets.add(socket)
    socket.on("error", () => {})
    socket.once("data", (request) => {
      const key = /Sec-WebSocket-Key: (.*)\r\n/.exec(request.toString("latin1"))?.[1] ?? ""
      const lines = ["HTTP/1.1 101 Switching Protocols", "Upgrade: websocket", "Connection: Upgrade"]
      answer(socket, `${lines.join("\r\n")}\r\nSec-WebSocket-Accept: ${acceptOf(key)}\r\n\r\n`)
    })
  })
  running.push({ server, sockets })
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve))
  return (server.address() as net.AddressInfo).port
}

const connect = (port: number, options: Partial<ConnectorOptions> = {}) => {
  const owner = new RecordingOwner()
  const connector = new Connector({ owner, target: targetOf(port), ...options })
  return { owner, connector, socket: connector.connect() }
}

describe("answers that do not open a connection", () => {
  it.each([
    ["badAccept", (good: string) => good.replace(/Accept: ...../, "Accept: AAAAA")],
    ["badUpgrade", (good: string) => good.replace("Upgrade: websocket", "Upgrade: h2c")],
    [
      "unaskedExtension",
      (good: string) => good.replace("\r\n\r\n", "\r\nSec-WebSocket-Extensions: x\r\n\r\n")
    ],
    [
      "unaskedSubprotocol",
      (good: string) => good.replace("\r\n\r\n", "\r\nSec-WebSocket-Protocol: x\r\n\r\n")
    ],
    ["malformed", () => "SSH-2.0-Other\r\n"],
    ["headTooLarge", (good: string) => `${good.slice(0, -2)}X: ${"y".repeat(20_000)}\r\n\r\n`]
  ])("%s", async (kind, answer) => {
    const port = await serve((socket, good) => void socket.write(answer(good)))
    const { owner } = connect(port)
    await owner.ended()
    expect(owner.lines).toEqual([`failed ${kind} before opening`])
  })

  it("a refusal carries the status and when to come back", async () => {
    const port = await serve((socket) => void socket.end("HTTP/1.1 503 Busy\r\nRetry-After: 2\r\n\r\nbusy"))
    const { owner } = connect(port)
    await owner.ended()
    expect(owner.errors).toEqual([
      { kind: "refused", message: "the server answered with HTTP 503", status: 503, retryAfterSeconds: 2 }
    ])
  })

  it("a head that ends before it is whole", async () => {
    const port = await serve((socket, good) => void socket.end(good.slice(0, 40)))
    const { owner } = connect(port)
    await owner.ended()
    expect(owner.lines).toEqual(["failed handshakeCut before opening"])
  })

  it("a reset instead of an answer", async () => {
    const port = await serve((socket) => void socket.resetAndDestroy())
    const { owner } = connect(port)
    await owner.ended()
    expect(owner.lines).toEqual(["failed reset before opening"])
  })

  it("no answer at all, until the owner's sweep times it out", async () => {
    const asked = signal<unknown>()
    const { owner, socket } = connect(await serve(asked.tell))
    await asked.told
    expect(socket.state).toBe("handshaking")
    expect(socket.since).toBeGreaterThanOrEqual(socket.startedAt)
    socket.timeOut()
    expect(owner.lines).toEqual([])
    await owner.ended()
    expect(owner.lines).toEqual(["failed handshakeTimeout before opening"])
  })
})

describe("connections that do not come about", () => {
  it("nobody listens", async () => {
    const port = await serve(() => {})
    const { server } = running.pop()!
    await new Promise((resolve) => void server.close(resolve))
    const { owner } = connect(port)
    await owner.ended()
    expect(owner.lines).toEqual(["failed connectRefused before opening"])
  })

  it("the local address is not one of this machine's", async () => {
    const { owner } = connect(9, { localAddress: "192.0.2.1" })
    await owner.ended()
    expect(owner.lines).toEqual(["failed badLocalAddress before opening"])
  })

  it("a time-out or a close before it connects, told once and not before the call returns", async () => {
    const port = await serve((socket, good) => void socket.write(good))
    for (const [end, kind] of [
      ["timeOut", "connectTimeout"],
      ["terminate", "abandoned"]
    ] as const) {
      const { owner, socket } = connect(port)
      socket[end]()
      socket.close(1000)
      expect(owner.lines).toEqual([])
      await owner.ended()
      expect(owner.lines).toEqual([`failed ${kind} before opening`])
    }
  })

  it("a taken local port is passed over for the next", async () => {
    const taken = await serve(() => {})
    const port = await serve((socket, good) => void socket.write(good))
    const free = await serve(() => {})
    const { server } = running.pop()!
    await new Promise((resolve) => void server.close(resolve))
    const asked: Array<number> = []
    const ports = { next: () => asked[asked.push(asked.length < 3 ? taken : free) - 1]! }
    const { owner } = connect(port, { localAddress: "127.0.0.1", ports })
    await owner.heard(/^open/)
    expect(asked).toEqual([taken, taken, taken, free])
  })

  it("no free local port within MAX_PORT_TRIES", async () => {
    const taken = await serve(() => {})
    let asked = 0
    const ports = {
      next: () => {
        asked++
        return taken
      }
    }
    const { owner } = connect(await serve(() => {}), { localAddress: "127.0.0.1", ports })
    await owner.ended()
    expect(owner.lines).toEqual(["failed portsExhausted before opening"])
    expect(asked).toBe(MAX_PORT_TRIES)
  })
})

describe("servers that misbehave once open", () => {
  const frames =
    (...parts: Array<Uint8Array>) =>
    (good: string) =>
      Buffer.concat([Buffer.from(good), ...parts])

  it("first frames stuck to the head are heard, also one that is cut", async () => {
    const last = textFrame(Buffer.from("three"))
    const port = await serve((socket, good) => {
      const parts = [textFrame(Buffer.from("one")), textFrame(Buffer.from("two")), last.subarray(0, 3)]
      socket.write(frames(...parts)(good), () => void socket.write(last.subarray(3)))
    })
    const { owner } = connect(port)
    await owner.heard(/three/)
    expect(owner.lines).toEqual(["open", "text one", "text two", "text three"])
  })

  it.each([
    ["a masked frame", "818537fa213d7f9f4d5158", 1002],
    ["reserved bits", "c10178", 1002],
    ["text that is not UTF-8", "8101ff", 1007],
    ["a close frame of one byte", "880103", 1002],
    ["a 9-exabyte frame", "827f7fffffffffffffff", 1009]
  ])("%s is answered with its close code and the connection ended", async (_, hex, closeCode) => {
    const answer = signal<Buffer>()
    const port = await serve((socket, good) => {
      socket.on("data", answer.tell)
      socket.write(frames(Buffer.from(hex, "hex"))(good))
    })
    const { owner } = connect(port)
    const bytes = await answer.told
    expect(bytes[0]).toBe(0x88)
    expect((bytes[6]! ^ bytes[2]!) * 256 + (bytes[7]! ^ bytes[3]!)).toBe(closeCode)
    await owner.ended()
    expect(owner.lines).toEqual(["open", "failed protocolError after opening"])
    expect(owner.errors[0]?.closeCode).toBe(closeCode)
  })

  it("a reset in the middle of a frame", async () => {
    const port = await serve((socket, good) => void socket.write(frames(Buffer.from("8105", "hex"))(good)))
    const { owner } = connect(port)
    await owner.heard(/^open/)
    for (const socket of running[0]!.sockets) socket.resetAndDestroy()
    await owner.ended()
    expect(owner.lines).toEqual(["open", "failed reset after opening"])
  })

  it("a close that is never answered ends by the owner's sweep, not cleanly", async () => {
    const closeSent = signal<unknown>()
    const port = await serve((socket, good) => {
      socket.on("data", closeSent.tell)
      socket.write(good)
    })
    const { owner, socket } = connect(port)
    await owner.heard(/^open/)
    socket.timeOut()
    expect(socket.state).toBe("open")
    socket.close(1000)
    await closeSent.told
    expect(socket.state).toBe("closing")
    socket.timeOut()
    await owner.ended()
    expect(owner.lines).toEqual(["open", "closed 1006  unclean"])
  })

  it("a reset while it is closing is an unclean end, not a failure", async () => {
    const port = await serve((socket, good) => {
      socket.on("data", () => void socket.resetAndDestroy())
      socket.write(good)
    })
    const { owner, socket } = connect(port)
    await owner.heard(/^open/)
    socket.close(1000)
    await owner.ended()
    expect(owner.lines).toEqual(["open", "closed 1006  unclean"])
  })

  it("a server that does not read is sent MAX_UNSENT_BYTES and one message more than the system takes", async () => {
    const port = await serve((socket, good) => {
      socket.pause()
      socket.write(good)
    })
    const { owner, socket } = connect(port)
    await owner.heard(/^open/)
    const message = Buffer.alloc(MAX_UNSENT_BYTES)
    const accepted = Array.from({ length: 2_000 }, () => socket.sendBinary(message)).filter((sent) => sent)
    expect(accepted.length).toBeGreaterThan(1)
    expect(accepted.length).toBeLessThan(2_000)
    expect(socket.sendText("no")).toBe(false)
    socket.terminate()
    await owner.ended()
    expect(owner.lines).toEqual(["open", "closed 1006  unclean"])
  })

  it("nothing is heard behind the server's close frame, and its end is waited for", async () => {
    const port = await serve((socket, good) => {
      socket.on("data", () => void socket.end())
      socket.write(
        frames(frame(Opcode.close, Buffer.from("03e9", "hex")), textFrame(Buffer.from("late")))(good)
      )
    })
    const { owner } = connect(port)
    await owner.ended()
    expect(owner.lines).toEqual(["open", "closed 1001  clean"])
  })
})
