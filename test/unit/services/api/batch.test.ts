import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { A_TURN } from "../../../../src/services/api/inTurns.ts"
import { MAX_COMMANDS } from "../../../../src/services/api/requests.ts"
import type { Published } from "../../../../src/services/broker/Broker.ts"
import { ApiFixture } from "../../../support/api/ApiFixture.ts"
import { DEFECTIVE, UNAVAILABLE } from "../../../support/api/fakes.ts"
import { valueText } from "../../protocol/jsonText.ts"

const BATCH = "/api/batch"
const publish = (channel: string, data: unknown = 1) => ({ publish: { channel, data } })
const publishes = (count: number) => Array.from({ length: count }, (_, i) => publish(`a${i}`, i))

describe("batch", () => {
  it("runs commands of every kind in order, and answers each under its name", async () => {
    const api = new ApiFixture({}, { echo: (params) => Effect.succeed(params) })
    api.control.channels = new Map([["a", 1]])
    const commands = [
      publish("kept:a"),
      { broadcast: { channels: ["a", ""], data: 1 } },
      { subscribe: { user: "42", channel: "a" } },
      { unsubscribe: { user: "42", channel: "a" } },
      { disconnect: { user: "42" } },
      { refresh: { user: "42" } },
      { presence: { channel: "kept:a" } },
      { presence_stats: { channel: "kept:a" } },
      { history: { channel: "kept:a" } },
      { history_remove: { channel: "kept:a" } },
      { channels: {} },
      { info: {} },
      { rpc: { method: "echo", params: [1] } }
    ]
    expect(await api.json(BATCH, { commands })).toEqual({
      replies: [
        { publish: { offset: 1, epoch: "epoch" } },
        { broadcast: { responses: [{ result: {} }, { error: { code: 107, message: "bad request" } }] } },
        { subscribe: {} },
        { unsubscribe: {} },
        { disconnect: {} },
        { refresh: {} },
        { presence: { presence: {} } },
        { presence_stats: { num_clients: 0, num_users: 1 } },
        { history: { publications: [], epoch: "epoch", offset: 0 } },
        { history_remove: {} },
        { channels: { channels: { a: { num_clients: 1 } } } },
        { info: { nodes: [] } },
        { rpc: { data: [1] } }
      ]
    })
    expect(api.control.commands.map(({ _tag }) => _tag)).toEqual([
      "Subscribe",
      "Unsubscribe",
      "Disconnect",
      "Refresh"
    ])
  })

  it.each([false, true])(
    "has the error of a command in its place, and runs the others (parallel: %s)",
    async (parallel) => {
      const api = new ApiFixture()
      const commands = [
        publish("a"),
        publish(""),
        publish("none:a"),
        {},
        { none: {} },
        { batch: { commands: [] } },
        { publish: null },
        publish(UNAVAILABLE),
        publish(DEFECTIVE),
        { rpc: { method: "none" } },
        publish("b")
      ]
      const error = (code: number) => ({ error: { code, message: expect.any(String) } })
      expect(await api.json(BATCH, { commands, parallel })).toEqual({
        replies: [
          { publish: {} },
          error(107),
          error(102),
          error(104),
          error(104),
          error(104),
          error(104),
          error(100),
          error(100),
          error(104),
          { publish: {} }
        ]
      })
      expect(api.broker.texts.map(([channel]) => channel)).toEqual(["a", "b"])
      expect(api.logs.texts("Error")).toHaveLength(1)
    }
  )

  it.each([
    [5],
    [null],
    ["publish"],
    [[]],
    [{ publish: 5 }],
    [{ publish: { channel: 5 } }],
    [{ publish: [] }]
  ])("with a command that cannot be decoded, %j, is 400 and runs none", async (command) => {
    const api = new ApiFixture()
    const answer = await api.ask(BATCH, { commands: [publish("a"), command, publish("b")] })
    expect([answer.status, answer.body]).toEqual([400, "Bad Request"])
    expect(api.broker.publications).toEqual([])
  })

  it.each([{ commands: {} }, { commands: "x" }, { commands: [], parallel: 1 }])(
    "of a wrong type is 400: %j",
    async (body) => {
      expect((await new ApiFixture().ask(BATCH, body)).status).toBe(400)
    }
  )

  it("without commands is refused, with none there is nothing to do", async () => {
    expect(await new ApiFixture().code(BATCH, {})).toBe(107)
    expect(await new ApiFixture().json(BATCH, { commands: [] })).toEqual({ replies: [] })
  })

  it("takes the first method of the table where a command has more than one", async () => {
    const api = new ApiFixture()
    const command = '{"info":{},"publish":{"channel":"a","data":1}}'
    expect(await api.json(BATCH, `{"commands":[${command}]}`)).toEqual({ replies: [{ publish: {} }] })
  })

  it.each([false, true])("takes so many commands, and no more (parallel: %s)", async (parallel) => {
    const api = new ApiFixture()
    expect(await api.code(BATCH, { commands: publishes(MAX_COMMANDS + 1), parallel })).toBe(107)
    expect(api.broker.publications).toEqual([])
    const answer = await api.json(BATCH, { commands: publishes(MAX_COMMANDS), parallel })
    expect(answer).toEqual({ replies: publishes(MAX_COMMANDS).map(() => ({ publish: {} })) })
    expect(api.broker.texts).toEqual(
      publishes(MAX_COMMANDS).map(({ publish }) => [publish.channel, String(publish.data)])
    )
  })

  it("waits for each command before the next begins, unless it is parallel", async () => {
    for (const parallel of [false, true]) {
      const api = new ApiFixture()
      const published = Deferred.makeUnsafe<Published>()
      api.broker.published = () => Deferred.await(published)
      const answer = api.ask(BATCH, { commands: [publish("a"), publish("b"), publish("c")], parallel })
      expect(api.broker.publications).toHaveLength(parallel ? 3 : 1)
      Deferred.doneUnsafe(published, Effect.succeed({ offset: 0, epoch: "", isSuppressed: false }))
      await answer
      expect(api.broker.publications).toHaveLength(3)
    }
  })

  it("has so many commands under way at most where it is parallel", async () => {
    const api = new ApiFixture()
    const published = Deferred.makeUnsafe<Published>()
    api.broker.published = () => Deferred.await(published)
    const answer = api.ask(BATCH, { commands: publishes(A_TURN + 10), parallel: true })
    expect(api.broker.publications).toHaveLength(A_TURN)
    Deferred.doneUnsafe(published, Effect.succeed({ offset: 0, epoch: "", isSuppressed: false }))
    await answer
    expect(api.broker.publications).toHaveLength(A_TURN + 10)
  })

  it.each([
    ["batch", (count: number) => ({ commands: publishes(count) })],
    ["batch", (count: number) => ({ commands: publishes(count), parallel: true })],
    [
      "broadcast",
      (count: number) => ({ channels: publishes(count).map(({ publish }) => publish.channel), data: 1 })
    ],
    [
      "",
      (count: number) =>
        publishes(count)
          .map(({ publish }) => JSON.stringify({ method: "publish", params: publish }))
          .join("")
    ]
  ] as const)(
    "and whatever is as long lets others have a turn of the event loop now and then: /api/%s",
    async (method, body) => {
      const path = method === "" ? "/api" : `/api/${method}`
      const api = new ApiFixture()
      expect(api.ask(path, body(A_TURN))).not.toBeInstanceOf(Promise)
      api.broker.publications.length = 0
      const answer = api.ask(path, body(2 * A_TURN + 1))
      expect(api.broker.publications).toHaveLength(A_TURN)
      await answer
      expect(api.broker.publications).toHaveLength(2 * A_TURN + 1)
    }
  )

  it("passes data on byte for byte, but for raw newlines", async () => {
    const api = new ApiFixture()
    await fc.assert(
      fc.asyncProperty(fc.array(valueText, { maxLength: 20 }), async (all) => {
        api.broker.publications.length = 0
        const commands = all.map((data) => `{"publish":{"channel":"a","data":${data}}}`)
        await api.ask(BATCH, `{"commands":[${commands.join(",")}]}`)
        expect(api.broker.texts.map(([, data]) => data)).toEqual(
          all.map((data) => data.replaceAll(/[\r\n]/g, ""))
        )
      }),
      { numRuns: 200 }
    )
  })

  it("and single commands are counted by method, and their errors by code", async () => {
    const api = new ApiFixture()
    await api.json(BATCH, { commands: [publish("a"), publish(""), publish(UNAVAILABLE), { info: {} }, {}] })
    await api.json("/api/publish", { channel: "none:a", data: 1 })
    await api.ask("/api/publish", { channel: 5 })
    await api.ask("/api", '{"method":"publish"}{"method":"none"}')
    expect(api.figures).toEqual({
      "clarion_api_commands_total publish": 5,
      "clarion_api_commands_total info": 1,
      "clarion_api_errors_total 100": 1,
      "clarion_api_errors_total 102": 1,
      "clarion_api_errors_total 107": 2
    })
  })
})
