import { describe, expect, it } from "vitest"
import { MAX_COMMANDS } from "../../../../src/services/api/requests.ts"
import { ApiFixture } from "../../../support/api/ApiFixture.ts"

const line = (method: string, params: unknown, id?: number) => JSON.stringify({ id, method, params })
const publish = (channel: string, id?: number) => line("publish", { channel, data: 1 }, id)
const NOT_FOUND = '{"error":{"code":104,"message":"method not found"}}'
const BAD_REQUEST = '{"error":{"code":107,"message":"bad request"}}'

const ask = async (body: string) => {
  const api = new ApiFixture()
  const { status, body: answer } = await api.ask("/api", body)
  return { status, lines: String(answer).split("\n"), api }
}

describe("the line form", () => {
  it("answers one command", async () => {
    expect(await ask(publish("kept:a"))).toMatchObject({
      status: 200,
      lines: ['{"result":{"offset":1,"epoch":"epoch"}}']
    })
  })

  it.each(["", "\n", " ", "\r\n\n"])(
    "answers several in their order, with %j between them",
    async (between) => {
      const body = [publish("a", 1), line("info", {}, 2), publish("b"), ""].join(between)
      const { lines, api } = await ask(body)
      expect(lines).toEqual(['{"id":1,"result":{}}', '{"id":2,"result":{"nodes":[]}}', '{"result":{}}'])
      expect(api.broker.texts.map(([channel]) => channel)).toEqual(["a", "b"])
    }
  )

  it("has the error of a command in its place, and runs the others", async () => {
    const { lines, api } = await ask(
      [
        publish("a"),
        line("none", {}),
        "{}",
        line("batch", { commands: [] }),
        line("publish", { channel: 5 }),
        line("publish", [1]),
        line("publish", {}, 4_294_967_295),
        '{"method":"publish"}',
        line("channels", undefined),
        publish("b", 0)
      ].join("\n")
    )
    expect(lines).toEqual([
      '{"result":{}}',
      NOT_FOUND,
      NOT_FOUND,
      NOT_FOUND,
      BAD_REQUEST,
      BAD_REQUEST,
      `{"id":4294967295,${BAD_REQUEST.slice(1)}`,
      BAD_REQUEST,
      '{"result":{"channels":{}}}',
      '{"result":{}}'
    ])
    expect(api.broker.texts.map(([channel]) => channel)).toEqual(["a", "b"])
  })

  it("passes data on byte for byte", async () => {
    const odd = '{"n":123456789012345678901234567890, "2":1,"1":"\\u00e9é"}'
    const { api } = await ask(`{"params":{"data":${odd},"channel":"a"},"method":"publish"}`)
    expect(api.broker.texts).toEqual([["a", odd]])
  })

  it.each([
    ["a line that is no JSON", `${publish("a")}\n{`],
    ["a line that is no object", `${publish("a")}\n1`],
    ["a method that is no text", `${publish("a")}{"method":1}`],
    ["an id that is no number", `${publish("a")}{"id":"1","method":"info"}`],
    ["an id below 0", `${publish("a")}{"id":-1,"method":"info"}`],
    ["an id beyond 32 bits", `${publish("a")}{"id":4294967296,"method":"info"}`]
  ])("with %s is 400, and runs none", async (_, body) => {
    const { status, lines, api } = await ask(body)
    expect([status, lines]).toEqual([400, ["Bad Request"]])
    expect(api.broker.publications).toEqual([])
  })

  it("takes so many commands, and no more", async () => {
    const lines = (count: number) => Array.from({ length: count }, () => publish("a")).join("")
    expect((await ask(lines(MAX_COMMANDS + 1))).status).toBe(400)
    const most = await ask(lines(MAX_COMMANDS))
    expect([most.status, most.lines.length]).toEqual([200, MAX_COMMANDS])
  })
})
