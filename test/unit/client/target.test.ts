import { describe, expect, it } from "vitest"
import { FIRST_PORT, LAST_PORT, LocalPorts, MAX_PORT_TRIES } from "../../../src/client/localPorts.ts"
import { RandomPool } from "../../../src/client/randomPool.ts"
import { fromSystemError, isPortTaken } from "../../../src/client/SocketError.ts"
import { parseTarget, resolveTarget } from "../../../src/client/target.ts"

describe("the server's URI", () => {
  it.each([
    [
      "ws://localhost:8088",
      { secure: false, hostname: "localhost", host: "localhost:8088", port: 8088, path: "/" }
    ],
    [
      "ws://example.org",
      { secure: false, hostname: "example.org", host: "example.org", port: 80, path: "/" }
    ],
    ["wss://a.b/c?d=e", { secure: true, hostname: "a.b", host: "a.b", port: 443, path: "/c?d=e" }],
    ["ws://[::1]:9", { secure: false, hostname: "::1", host: "[::1]:9", port: 9, path: "/" }]
  ])("%s is taken apart", (uri, target) => {
    expect(parseTarget(uri)).toEqual(target)
  })

  it.each(["http://localhost", "localhost:8088", "", "ws://", "ws://a/#b", "ws://a:0", "ws://a:70000"])(
    "%j is not one, and the error carries it",
    (uri) => {
      expect(parseTarget(uri)).toMatchObject({ kind: "badUri", uri })
    }
  )

  it("an address needs no look-up and localhost is found", async () => {
    const target = { secure: false, host: "x", port: 1, path: "/" }
    expect(await resolveTarget({ ...target, hostname: "127.0.0.9" })).toMatchObject({ address: "127.0.0.9" })
    expect(await resolveTarget({ ...target, hostname: "localhost" })).toMatchObject({ address: "127.0.0.1" })
  })
})

describe("local ports", () => {
  it("come all, each once, before one comes again", () => {
    const ports = new LocalPorts(123_456)
    const count = LAST_PORT - FIRST_PORT + 1
    const seen = new Set(Array.from({ length: count }, () => ports.next()))
    expect(seen.size).toBe(count)
    expect([Math.min(...seen), Math.max(...seen)]).toEqual([FIRST_PORT, LAST_PORT])
  })
})

describe("local ports of two processes that share an address", () => {
  /** The tries that each of so many connections takes, past the ports that are held; those that get none count as Infinity. */
  const tries = (ports: LocalPorts, held: Set<number>, connections: number): ReadonlyArray<number> =>
    Array.from({ length: connections }, () => {
      for (let tried = 1; tried <= MAX_PORT_TRIES; tried++) {
        const port = ports.next(tried > 1)
        if (held.has(port)) continue
        held.add(port)
        return tried
      }
      return Number.POSITIVE_INFINITY
    })

  it("are found in few tries also where one comes upon the way of the other", () => {
    const held = new Set<number>()
    const [one, two] = [new LocalPorts(123_456), new LocalPorts(123_456)]
    expect(Math.max(...tries(one, held, 12_500))).toBe(1)
    const taken = tries(two, held, 12_500)
    expect(Math.max(...taken)).toBeLessThan(60)
    expect(taken.reduce((sum, tried) => sum + tried, 0)).toBeLessThan(2 * 12_500)
  })
})

describe("the pool of random bytes", () => {
  it("gives ranges that do not overlap until it is filled anew", () => {
    const pool = new RandomPool()
    const first = pool.take(16)
    expect(pool.take(4)).toBe(first + 16)
    const before = Uint8Array.from(pool.bytes)
    for (let i = 0; i < 3_000; i++) expect(pool.take(4) + 4).toBeLessThanOrEqual(pool.bytes.length)
    expect(pool.bytes).not.toEqual(before)
  })
})

describe("system errors", () => {
  const systemError = (code: string, syscall = "connect") => Object.assign(new Error(code), { code, syscall })

  it.each([
    ["ECONNREFUSED", "connectRefused"],
    ["EMFILE", "tooManyOpenFiles"],
    ["ENFILE", "tooManyOpenFiles"],
    ["EADDRNOTAVAIL", "portsExhausted"],
    ["EADDRINUSE", "portsExhausted"],
    ["ECONNRESET", "reset"],
    ["EPIPE", "reset"],
    ["EHOSTUNREACH", "unreachable"],
    ["ENETUNREACH", "unreachable"],
    ["ETIMEDOUT", "connectTimeout"],
    ["ENOTFOUND", "nameNotFound"],
    ["DEPTH_ZERO_SELF_SIGNED_CERT", "tls"],
    ["ERR_TLS_CERT_ALTNAME_INVALID", "tls"],
    ["EPERM", "other"]
  ])("%s is %s and keeps its message", (code, kind) => {
    expect(fromSystemError(systemError(code), false)).toEqual({ kind, message: code })
  })

  it("an address that cannot be bound is not a lack of ports", () => {
    const error = systemError("EADDRNOTAVAIL", "bind")
    expect(fromSystemError(error, false).kind).toBe("badLocalAddress")
    expect(isPortTaken(error)).toBe(false)
    expect(isPortTaken(systemError("EADDRNOTAVAIL"))).toBe(true)
  })

  it("a timeout on a connection that stood is an unreachable peer", () => {
    expect(fromSystemError(systemError("ETIMEDOUT", "read"), true).kind).toBe("unreachable")
  })
})
