/** A bare TCP or TLS socket, for bytes that no decent client sends, and a reading of what comes back. */
import { connect as connectTcp, type Socket } from "node:net"
import { connect as connectTls } from "node:tls"
import { onTestFinished } from "vitest"
import { Heard } from "./Heard.ts"
import type { Served } from "./serve.ts"

export interface Head {
  readonly status: number
  readonly headers: ReadonlyMap<string, string>
}

export interface ServerFrame {
  readonly opcode: number
  readonly payload: Buffer
}

const HEAD_END = "\r\n\r\n"

export class RawClient {
  /** All bytes so far, after each read. */
  readonly reads = new Heard<Buffer>()
  /** How the socket ended: the other side's orderly end, or a cut. */
  readonly ended: Promise<"end" | "cut">
  #bytes = Buffer.alloc(0)

  constructor(readonly socket: Socket) {
    socket.on("data", (part) => {
      this.#bytes = Buffer.concat([this.#bytes, part])
      this.reads.add(this.#bytes)
    })
    this.ended = new Promise((resolve) => {
      socket.once("end", () => resolve("end"))
      socket.once("error", () => resolve("cut"))
      socket.once("close", () => resolve("cut"))
    })
    onTestFinished(() => void socket.destroy())
  }

  get received(): Buffer {
    return this.#bytes
  }

  send(data: string | Uint8Array): this {
    this.socket.write(data)
    return this
  }

  /** The head of the answer; rejects when the socket ends without one. */
  async head(): Promise<Head> {
    const whole = this.reads.until((all) => all.at(-1)?.includes(HEAD_END) === true)
    const isThere = await Promise.race([whole.then(() => true), this.ended.then(() => false)])
    if (!isThere && !this.received.includes(HEAD_END)) throw new Error("the socket ended without an answer")
    const [first = "", ...lines] = String(this.received).split(HEAD_END)[0]!.split("\r\n")
    const headers = lines.map((line) => {
      const at = line.indexOf(":")
      return [line.slice(0, at).toLowerCase(), line.slice(at + 1).trim()] as const
    })
    return { status: Number(first.split(" ")[1]), headers: new Map(headers) }
  }

  /** Whole frames after the head of the upgrade. */
  get frames(): ReadonlyArray<ServerFrame> {
    return parseFrames(this.received.subarray(this.received.indexOf(HEAD_END) + HEAD_END.length))
  }

  frame(opcode: number): Promise<ServerFrame> {
    const find = () => this.frames.find((frame) => frame.opcode === opcode)
    return this.reads.until(() => find() !== undefined).then(() => find()!)
  }

  /** The code of the close frame that came; undefined without one. */
  get closeCode(): number | undefined {
    return this.frames.find(({ opcode }) => opcode === 8)?.payload.readUInt16BE(0)
  }
}

/** A server's frames are never masked, and never fragmented by this one. */
const parseFrames = (bytes: Buffer): ReadonlyArray<ServerFrame> => {
  const frames: Array<ServerFrame> = []
  let at = 0
  while (at + 2 <= bytes.length) {
    const short = bytes[at + 1]! & 0x7f
    const start = at + (short === 126 ? 4 : short === 127 ? 10 : 2)
    if (start > bytes.length) break
    const length =
      short === 126
        ? bytes.readUInt16BE(at + 2)
        : short === 127
          ? Number(bytes.readBigUInt64BE(at + 2))
          : short
    if (start + length > bytes.length) break
    frames.push({ opcode: bytes[at]! & 0x0f, payload: bytes.subarray(start, start + length) })
    at = start + length
  }
  return frames
}

type Place = Pick<Served, "port" | "isSecure">

export const openRaw = ({ port, isSecure }: Place): Promise<RawClient> => {
  const at = { host: "127.0.0.1", port, allowHalfOpen: true }
  const socket = isSecure ? connectTls({ ...at, rejectUnauthorized: false }) : connectTcp(at)
  const client = new RawClient(socket)
  return new Promise((resolve, reject) => {
    socket.once(isSecure ? "secureConnect" : "connect", () => resolve(client))
    socket.once("error", reject)
  })
}

/** The headers of a right handshake; a test leaves out or replaces what it is about. */
export const HANDSHAKE: Readonly<Record<string, string>> = {
  Host: "localhost",
  Upgrade: "websocket",
  Connection: "Upgrade",
  "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
  "Sec-WebSocket-Version": "13"
}

/** What RFC 6455 §1.3 computes from the key above. */
export const ACCEPT = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="

export const requestOf = (
  headers: Readonly<Record<string, string | undefined>>,
  { method = "GET", path = "/" } = {}
): string => {
  const lines = Object.entries(headers).flatMap(([name, value]) =>
    value === undefined ? [] : [`${name}: ${value}`]
  )
  return `${[`${method} ${path} HTTP/1.1`, ...lines].join("\r\n")}\r\n\r\n`
}

/** A raw client that has shaken hands. */
export const upgradeRaw = async (place: Place): Promise<RawClient> => {
  const client = (await openRaw(place)).send(requestOf(HANDSHAKE))
  const { status } = await client.head()
  if (status !== 101) throw new Error(`the handshake was answered with ${status}`)
  return client
}

export interface FrameShape {
  readonly fin?: boolean
  /** Bits 4 (RSV1) to 1 (RSV3). */
  readonly reserved?: number
  readonly opcode: number
  readonly isMasked?: boolean
  readonly payload?: Uint8Array | string
}

const MASK = [0x37, 0xfa, 0x21, 0x3d]

/** A client's frame of less than 65,536 bytes. */
export const frame = ({
  fin = true,
  reserved = 0,
  opcode,
  isMasked = true,
  payload = ""
}: FrameShape): Buffer => {
  const body = Buffer.from(payload as string)
  const long = body.length > 125 ? [body.length >> 8, body.length & 0xff] : []
  const second = (isMasked ? 0x80 : 0) | (long.length > 0 ? 126 : body.length)
  const head = [(fin ? 0x80 : 0) | (reserved << 4) | opcode, second, ...long, ...(isMasked ? MASK : [])]
  return Buffer.concat([Buffer.from(head), isMasked ? body.map((byte, i) => byte ^ MASK[i % 4]!) : body])
}
