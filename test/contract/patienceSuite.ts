/** The transport contract: clients that are silent, and clients that do not read. */
import * as Effect from "effect/Effect"
import { expect, it } from "vitest"
import type { Connection } from "../../src/services/hot/Connection.ts"
import type { UwsConnection } from "../../src/services/uws/UwsConnection.ts"
import type { WsConnection } from "../../src/services/ws/WsConnection.ts"
import { type Client, connect } from "../support/server/clients.ts"
import { closedWith } from "../support/server/figures.ts"
import { Heard } from "../support/server/Heard.ts"
import { upgradeRaw } from "../support/server/RawClient.ts"
import { addsUp, bytesOf } from "../support/server/serve.ts"
import type { Contract } from "./Contract.ts"

const PING = 9
const CLOSE = 8
const SEND_BUFFER = 200_000
const MESSAGE = bytesOf(100_000)

/** Bytes that wait for a client in the server's memory, outside the kernel. */
const waitingBytes = (connection: Connection): number => {
  const { socket, raw } = connection as UwsConnection & WsConnection
  if (raw !== undefined) return raw.writableLength
  return (socket as unknown as UwsConnection["socket"])?.getBufferedAmount() ?? 0
}

export const patienceSuite = ({ start, transport }: Contract) => {
  /** A server, one client that stops to read, and two that go on; with the server's side of the one that stalls. */
  const startStalled = async (slowConsumer: "close" | "drop") => {
    const spoke = new Heard<Connection>()
    const onMessage = (connection: Connection) => Effect.sync(() => spoke.add(connection))
    const served = await start(
      { "limits.sendBuffer": SEND_BUFFER, "limits.slowConsumer": slowConsumer, "server.shards": 1 },
      { onMessage }
    )
    const stalled = await connect(served.url())
    await stalled.send("it is me")
    const [connection] = await spoke.count(1)
    const readers: ReadonlyArray<Client> = [await connect(served.url()), await connect(served.url())]
    stalled.raw.pause()
    return { served, stalled, connection: connection!, readers }
  }

  it("a silent client is pinged; one that does not answer is closed with 3012, one that answers stays", async () => {
    const served = await start({ "limits.pingInterval": "50 ms", "limits.idleTimeout": "300 ms" })
    const answering = await connect(served.url())
    const deaf = await upgradeRaw(served)
    await deaf.frame(PING)
    expect((await deaf.frame(CLOSE)).payload.readUInt16BE(0)).toBe(3012)
    deaf.socket.end()
    expect(await served.closes.count(1)).toEqual([3012])
    expect(answering.isOpen).toBe(true)
    await answering.pings.count(3)
    await served.broadcast("still here")
    expect(await answering.messages.count(1)).toEqual(["still here"])
    const figures = await served.figures()
    expect(figures.get("clarion_connections_idle_total")).toBe(1)
    expect(figures.get("clarion_pings_total")).toBeGreaterThanOrEqual(4)
  })

  it("whoever sends is not silent, and without pings a silent client is closed all the same", async () => {
    const served = await start({
      "limits.pingInterval": 0,
      "limits.idleTimeout": "200 ms",
      "raw.onMessage": "echo"
    })
    const [talking, silent] = [await connect(served.url()), await connect(served.url())]
    let isOver = false
    const over = silent.ended.then((end) => {
      isOver = true
      return end
    })
    for (let i = 1; !isOver; i++) {
      await talking.send("word")
      await talking.messages.count(i)
    }
    expect(await over).toEqual({ code: 3012, reason: "no pong" })
    expect(talking.isOpen).toBe(true)
    expect(silent.pings.all).toEqual([])
  })

  it("policy close: a client that does not read is ended as slow, counted, and delays nobody", async () => {
    const { served, stalled, connection, readers } = await startStalled("close")
    let sent = 0
    let isSlow = false
    while (!isSlow && sent < 400) {
      const receipt = await served.broadcast(MESSAGE)
      sent++
      expect(addsUp(receipt)).toBe(true)
      isSlow = receipt.dropped > 0
      expect(receipt.written).toBeGreaterThanOrEqual(2)
      for (const { messages } of readers) await messages.count(sent)
      expect(waitingBytes(connection)).toBeLessThanOrEqual(SEND_BUFFER + MESSAGE.length + 100)
    }
    expect(isSlow).toBe(true)
    expect(await served.broadcast("next")).toMatchObject({ written: 2, dropped: 0 })
    stalled.raw.resume()
    // The close frame stands behind all that waited, where there was room for it.
    expect([3008, 1006]).toContain((await stalled.ended).code)
    expect(await served.closes.count(1)).toEqual([3008])
    const figures = await served.figures()
    expect(closedWith(figures, 3008)).toBe(1)
    expect(figures.get("clarion_slow_consumers_total")).toBe(1)
    for (const { messages } of readers) expect((await messages.count(sent + 1)).at(-1)).toBe("next")
  })

  it("policy drop: a client that does not read misses messages, memory stays bounded, and it gets new ones later", async () => {
    const { served, stalled, connection, readers } = await startStalled("drop")
    let [sent, dropped, most] = [0, 0, 0]
    while (dropped < 20 && sent < 400) {
      const receipt = await served.broadcast(MESSAGE)
      sent++
      dropped += receipt.dropped
      expect(addsUp(receipt)).toBe(true)
      for (const { messages } of readers) await messages.count(sent)
      most = Math.max(most, waitingBytes(connection))
    }
    expect(dropped).toBe(20)
    expect(most).toBeGreaterThan(SEND_BUFFER / 2)
    expect(most).toBeLessThanOrEqual(SEND_BUFFER + MESSAGE.length + 100)
    expect((await served.figures()).get('clarion_messages_dropped_total{reason="slow"}')).toBe(20)

    stalled.raw.resume()
    await Promise.race([stalled.messages.count(sent - dropped), stalled.ended])
    expect(stalled.isOpen).toBe(true)
    expect(await served.broadcast("caught up")).toMatchObject({ written: 3, dropped: 0 })
    const last = await stalled.messages.count(sent - dropped + 1)
    expect(last.at(-1)).toBe("caught up")
    for (const { messages } of readers) expect(await messages.count(sent + 1)).toHaveLength(sent + 1)
  })

  // Messages over 16 KiB, and several in one drain, go other ways in uWebSockets.js: each is tried.
  it.each([
    [4000, 1],
    [4000, 20],
    [100_000, 1]
  ])(
    "what waited for a client that reads again arrives whole (%i bytes each, %i at once)",
    async (size, atOnce) => {
      const { served, stalled, readers } = await startStalled("drop")
      const written: Array<number> = []
      let [sent, dropped] = [0, 0]
      while (dropped < 5 && sent < 40_000_000 / size) {
        const letters = Array.from({ length: atOnce }, () => 65 + (sent++ % 26))
        const receipts = await served.broadcastAll(letters.map((letter) => Buffer.alloc(size, letter)))
        written.push(...letters.filter((_, i) => receipts[i]!.dropped === 0))
        dropped = sent - written.length
        for (const { messages } of readers) await messages.count(sent)
      }
      expect(dropped).toBeGreaterThanOrEqual(5)
      stalled.raw.resume()
      await Promise.race([stalled.messages.count(written.length), stalled.ended])
      const letters = stalled.messages.all.map((message) => [
        message.length,
        String(message).charCodeAt(size - 1)
      ])
      expect(letters).toEqual(written.map((letter) => [size, letter]))
      expect(stalled.isOpen).toBe(true)
    }
  )

  it("several large messages in one drain drop one by one, not beyond the limit", async () => {
    const { served, connection, readers } = await startStalled("drop")
    const batch = Array.from({ length: 100 }, () => MESSAGE)
    const receipts = await served.broadcastAll(batch)
    expect(receipts.filter((receipt) => !addsUp(receipt))).toEqual([])
    expect(receipts.every(({ eligible }) => eligible === 3)).toBe(true)
    const bound =
      transport === "ws" ? batch.length * MESSAGE.length * 1.01 : SEND_BUFFER + MESSAGE.length + 100
    expect(waitingBytes(connection)).toBeLessThanOrEqual(bound)
    // Those who read may have been too slow for a burst of 10 MB, but what was written to them arrives.
    const written = receipts.reduce((sum, receipt) => sum + receipt.written, 0)
    expect(written).toBeGreaterThanOrEqual(2)
    expect(readers.every(({ isOpen }) => isOpen)).toBe(true)
  })
}
