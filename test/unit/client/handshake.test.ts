import fc from "fast-check"
import { describe, expect, it } from "vitest"
import {
  acceptOf,
  handshakeFailure,
  MAX_HEAD_BYTES,
  ResponseHead,
  requestPrefix,
  withKey
} from "../../../src/client/handshake.ts"

const KEY = "dGhlIHNhbXBsZSBub25jZQ=="
const ACCEPT = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="

describe("the upgrade request", () => {
  it("is the request of RFC 6455 with what was asked for, and ends with the key", () => {
    const prefix = requestPrefix({
      host: "localhost:8088",
      path: "/?channels=a,b",
      protocols: ["one", "two"],
      headers: { Authorization: "Bearer x" }
    })
    expect(withKey(prefix, KEY)).toBe(
      [
        "GET /?channels=a,b HTTP/1.1",
        "Host: localhost:8088",
        "Upgrade: websocket",
        "Connection: Upgrade",
        "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Protocol: one, two",
        "Authorization: Bearer x",
        `Sec-WebSocket-Key: ${KEY}`,
        "",
        ""
      ].join("\r\n")
    )
  })

  it("computes the accept of the example in RFC 6455 §1.3", () => {
    expect(acceptOf(KEY)).toBe(ACCEPT)
  })
})

describe("the answer", () => {
  const answer = (...lines: Array<string>): string =>
    ["HTTP/1.1 101 Switching Protocols", ...lines].join("\r\n")
  const good = [`Upgrade: websocket`, `Connection: Upgrade`, `Sec-WebSocket-Accept: ${ACCEPT}`]

  it.each([
    ["the usual", answer(...good)],
    [
      "lower-case names and values",
      answer("upgrade: websocket", "connection: upgrade", `sec-websocket-accept: ${ACCEPT}`)
    ],
    [
      "upper-case values and a token list",
      answer("Upgrade: WebSocket", "Connection: keep-alive, UPGRADE", good[2]!)
    ],
    ["two Connection lines", answer(good[0]!, "Connection: keep-alive", ...good.slice(1))],
    ["blanks around values", answer("Upgrade:   websocket \t", "Connection:Upgrade", good[2]!)],
    ["a status line without a reason", `HTTP/1.1 101\r\n${good.join("\r\n")}`],
    ["the subprotocol that was asked for", answer(...good, "Sec-WebSocket-Protocol: asked")]
  ])("opens with %s", (_, head) => {
    expect(handshakeFailure(head, KEY, ["asked"])).toBeUndefined()
  })

  it.each([
    ["badAccept", answer(good[0]!, good[1]!, "Sec-WebSocket-Accept: AAAA")],
    ["badAccept", answer(good[0]!, good[1]!)],
    ["badAccept", answer(...good, good[2]!)],
    ["badUpgrade", answer("Upgrade: h2c", good[1]!, good[2]!)],
    ["badUpgrade", answer(good[1]!, good[2]!)],
    ["badUpgrade", answer(good[0]!, "Connection: close", good[2]!)],
    ["badUpgrade", answer(good[0]!, "Connection: not-upgrade", good[2]!)],
    ["unaskedExtension", answer(...good, "Sec-WebSocket-Extensions: permessage-deflate")],
    ["unaskedSubprotocol", answer(...good, "Sec-WebSocket-Protocol: other")],
    ["malformed", "SSH-2.0-OpenSSH_9.2"],
    ["malformed", "HTTP/1.1 1x1 No"],
    ["malformed", answer("No colon here")],
    ["malformed", answer("Bad name : x")],
    ["malformed", answer(...good, " folded")]
  ])("fails as %s: %j", (kind, head) => {
    expect(handshakeFailure(head, KEY, ["asked"])?.kind).toBe(kind)
  })

  it("that refuses carries the status and Retry-After in seconds", () => {
    expect(handshakeFailure("HTTP/1.1 503 Busy\r\nRetry-After: 7", KEY, [])).toEqual({
      kind: "refused",
      message: "the server answered with HTTP 503",
      status: 503,
      retryAfterSeconds: 7
    })
  })

  it("that refuses with a date in Retry-After carries the status alone", () => {
    const failure = handshakeFailure(
      "HTTP/1.0 429 Slow\r\nRetry-After: Wed, 21 Oct 2026 07:28:00 GMT",
      KEY,
      []
    )
    expect(failure).toEqual({ kind: "refused", message: "the server answered with HTTP 429", status: 429 })
  })
})

describe("the head of the answer", () => {
  const HEAD = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket"
  const wire = Buffer.from(`${HEAD}\r\n\r\nfirst frames`, "latin1")

  it("in one chunk is found with the offset of what follows it", () => {
    const framed = Buffer.concat([Buffer.from("xx"), wire, Buffer.from("\r\n\r\n")])
    const found = new ResponseHead().push(framed, 2, 2 + wire.length)
    expect(found).toEqual({ kind: "head", text: HEAD, end: 2 + HEAD.length + 4 })
  })

  it("cut at any points is the same head, and nothing behind it is lost", () => {
    fc.assert(
      fc.property(fc.array(fc.nat(wire.length), { maxLength: 8 }), (cuts) => {
        const points = [0, ...cuts.sort((a, b) => a - b), wire.length]
        const reader = new ResponseHead()
        let rest: Buffer | undefined
        let text = ""
        for (const [i, from] of points.slice(0, -1).entries()) {
          const piece = wire.subarray(from, points[i + 1])
          if (rest !== undefined) {
            rest = Buffer.concat([rest, piece])
            continue
          }
          const found = reader.push(piece, 0, piece.length)
          if (found?.kind === "head") {
            text = found.text
            rest = piece.subarray(found.end)
          } else expect(found).toBeUndefined()
        }
        expect(text).toBe(HEAD)
        expect(rest?.toString()).toBe("first frames")
      })
    )
  })

  it("does not end in the bytes behind the chunk, which are another connection's", () => {
    const stale = Buffer.from("HTTP/1.1 101 Sw\r\n\r\n", "latin1")
    expect(new ResponseHead().push(stale, 0, 15)).toBeUndefined()
    expect(new ResponseHead().push(stale, 0, stale.length - 1)).toBeUndefined()
  })

  it("that is not HTTP is told apart at its first bytes", () => {
    const banner = Buffer.from("220 mail ready\r\n")
    expect(new ResponseHead().push(banner, 0, banner.length)).toMatchObject({ kind: "malformed" })
    const second = new ResponseHead()
    expect(second.push(Buffer.from("HT"), 0, 2)).toBeUndefined()
    expect(second.push(Buffer.from("ML"), 0, 2)).toMatchObject({ kind: "malformed" })
  })

  it("may have MAX_HEAD_BYTES and not one more, in one chunk or many", () => {
    const headOf = (bytes: number): Buffer =>
      Buffer.from(`HTTP/1.1 101 x\r\nX: ${"y".repeat(bytes - 23)}\r\n\r\n`, "latin1")
    const readIn = (bytes: Buffer, step: number): string | undefined => {
      const reader = new ResponseHead()
      for (let at = 0; at < bytes.length; at += step) {
        const found = reader.push(bytes, at, Math.min(at + step, bytes.length))
        if (found !== undefined) return found.kind
      }
      return undefined
    }
    const longest = headOf(MAX_HEAD_BYTES)
    const tooLong = headOf(MAX_HEAD_BYTES + 1)
    expect([longest.length, tooLong.length]).toEqual([MAX_HEAD_BYTES, MAX_HEAD_BYTES + 1])
    for (const step of [1_000, 20_000]) {
      expect(readIn(longest, step)).toBe("head")
      expect(readIn(tooLong, step)).toBe("headTooLarge")
    }
  })
})
