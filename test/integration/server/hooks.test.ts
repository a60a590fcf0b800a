/** Hooks of an embedding program, over real sockets. */
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import { describe, expect, it } from "vitest"
import type { ConnectRequest } from "../../../src/services/Transport.ts"
import { connect, refusal } from "../../support/server/clients.ts"
import { refusedFor } from "../../support/server/figures.ts"
import { Heard } from "../../support/server/Heard.ts"
import { HANDSHAKE, openRaw, requestOf } from "../../support/server/RawClient.ts"
import { serve } from "../../support/server/serve.ts"

describe.each(["uws", "ws"] as const)("hooks on %s", (transport) => {
  const settings = { "server.transport": transport }

  it("onConnect sees the handshake, and what it gives is the connection's attachment", async () => {
    const asked = new Heard<ConnectRequest>()
    const attached = new Heard<unknown>()
    const served = await serve(settings, {
      onConnect: (request) =>
        Effect.sync(() => {
          asked.add(request)
          return { user: request.headers.get("x-user") }
        }),
      onMessage: ({ attachment }) => Effect.sync(() => attached.add(attachment))
    })
    const client = await connect(served.url("/news?a=1&b"), { headers: { "X-User": "ada" } })
    const [request] = await asked.count(1)
    expect([request!.url, request!.address]).toEqual(["/news?a=1&b", expect.stringContaining("127.0.0.1")])
    expect(request!.headers.get("sec-websocket-version")).toBe("13")
    await client.send("hello")
    expect(await attached.count(1)).toEqual([{ user: "ada" }])
    expect(await served.broadcast("x")).toMatchObject({ written: 1 })
  })

  it("onConnect refuses with its own status and sentence", async () => {
    const served = await serve(settings, {
      onConnect: ({ headers }) =>
        headers.has("x-user")
          ? Effect.succeed(undefined)
          : Effect.fail({ status: 403, message: "who are you?" })
    })
    const { status, body } = await refusal(served.url())
    expect([status, body.trim()]).toEqual([403, "who are you?"])
    expect(refusedFor(await served.figures(), "hook")).toBe(1)
    expect((await connect(served.url(), { headers: { "x-user": "ada" } })).isOpen).toBe(true)
  })

  it("a defect in onConnect, also one that is thrown, is a 503 and a line in the log; the next is asked again", async () => {
    const served = await serve(settings, {
      onConnect: ({ url }) => {
        if (url === "/throw") throw new Error("thrown in the hook")
        return url === "/die" ? Effect.die(new Error("died in the hook")) : Effect.void
      }
    })
    for (const path of ["/throw", "/die"]) expect((await refusal(served.url(path))).status).toBe(503)
    expect((await connect(served.url("/fine"))).isOpen).toBe(true)
    const told = served.logs.all.filter(
      ({ level, text }) => level === "Error" && text.includes("onConnect failed")
    )
    expect(told.map(({ text }) => /(thrown|died) in the hook/.exec(text)?.[1])).toEqual(["thrown", "died"])
  })

  it("onConnect that does not answer in time is a 503; too many that wait are a 503 at once", async () => {
    const served = await serve(
      { ...settings, "limits.handshakeTimeout": "100 ms", "limits.pendingHandshakes": 2 },
      { onConnect: ({ url }) => (url === "/now" ? Effect.void : Effect.never) }
    )
    const waiting = [refusal(served.url()), refusal(served.url())]
    const third = await Promise.race([refusal(served.url()), refusal(served.url()), refusal(served.url())])
    expect([third.status, third.headers["retry-after"]]).toEqual([503, "1"])
    for (const { status } of await Promise.all(waiting)) expect(status).toBe(503)
    await served.logs.first(({ text }) => text.includes("did not answer in time"))
    expect((await connect(served.url("/now"))).isOpen).toBe(true)
  })

  it("a client that leaves while onConnect thinks costs no place and disturbs nobody", async () => {
    const asked = new Heard<string>()
    const answer = Deferred.makeUnsafe<void>()
    const served = await serve(
      { ...settings, "limits.connectionsPerAddress": 3 },
      {
        onConnect: ({ url }) =>
          Effect.andThen(
            Effect.sync(() => asked.add(url)),
            url === "/slow" ? Deferred.await(answer) : Effect.void
          )
      }
    )
    const leaving = await Promise.all(Array.from({ length: 2 }, () => openRaw(served)))
    for (const raw of leaving) raw.send(requestOf(HANDSHAKE, { path: "/slow" }))
    await asked.count(2)
    leaving[0]!.socket.resetAndDestroy()
    leaving[1]!.socket.destroy()
    await Promise.all(leaving.map(({ ended }) => ended))
    // A handshake of its own is answered after the server has seen the others go, for all three come through one loop.
    const witness = await connect(served.url())
    Deferred.doneUnsafe(answer, Effect.void)
    const clients = [await connect(served.url()), await connect(served.url())]
    expect((await refusal(served.url())).status).toBe(429)
    expect(await served.broadcast("x")).toMatchObject({ eligible: 3 })
    for (const { messages } of [witness, ...clients]) expect(await messages.count(1)).toEqual(["x"])
  })

  it("onMessage gets messages in order with bytes of its own, besides what raw.onMessage does", async () => {
    const got = new Heard<readonly [data: string, isBinary: boolean]>()
    const served = await serve(
      { ...settings, "raw.onMessage": "echo" },
      {
        onMessage: (_, data, isBinary) =>
          Effect.andThen(
            Effect.sleep(1),
            Effect.sync(() => got.add([Buffer.from(data).toString("latin1"), isBinary]))
          )
      }
    )
    const client = await connect(served.url())
    await client.send("one")
    await client.send(Uint8Array.of(255), { binary: true })
    await client.send("three")
    expect(await got.count(3)).toEqual([
      ["one", false],
      ["\xff", true],
      ["three", false]
    ])
    expect(await client.messages.count(3)).toEqual(["one", Buffer.from([255]), "three"])
  })

  it("messages beyond limits.hookQueue are dropped and counted; closes never are", async () => {
    const gate = Deferred.makeUnsafe<void>()
    const handled = new Heard<string>()
    const served = await serve(
      { ...settings, "limits.hookQueue": 3, "raw.onMessage": "echo" },
      {
        onMessage: (_, data) =>
          Effect.andThen(
            Deferred.await(gate),
            Effect.sync(() => handled.add(String(Buffer.from(data))))
          )
      }
    )
    const client = await connect(served.url())
    await client.send("first")
    await client.messages.count(1)
    for (let i = 0; i < 10; i++) await client.send(`${i}`)
    await client.messages.count(11)
    client.socket.close(1000)
    await client.ended
    Deferred.doneUnsafe(gate, Effect.void)
    expect(await served.closes.count(1)).toEqual([1000])
    expect(handled.all.slice(0, 3)).toEqual(["first", "0", "1"])
    expect(handled.all.length).toBeLessThanOrEqual(4)
    expect((await served.figures()).get("clarion_hook_messages_dropped_total")).toBe(11 - handled.all.length)
  })

  it("onClose tells the code, after the connection's messages; a hook that fails is logged and no more", async () => {
    const events = new Heard<string>()
    const served = await serve(settings, {
      onConnect: ({ url }) => Effect.succeed(url),
      onMessage: ({ attachment }, data) =>
        Effect.suspend(() => {
          events.add(`${attachment} said ${Buffer.from(data)}`)
          return Effect.die("a bug in the hook")
        }),
      onClose: ({ attachment }, code) => Effect.sync(() => events.add(`${attachment} left with ${code}`))
    })
    const client = await connect(served.url("/ada"))
    await client.send("hello")
    client.socket.close(4001)
    expect(await events.count(2)).toEqual(["/ada said hello", "/ada left with 4001"])
    await served.logs.first(({ level, text }) => level === "Error" && text.includes("a bug in the hook"))
    expect((await connect(served.url("/next"))).isOpen).toBe(true)
  })
})
