import { describe, expect, it } from "vitest"
import type { ChannelPublication } from "../../../../src/services/hot/ChannelEvent.ts"
import { ApiFixture } from "../../../support/api/ApiFixture.ts"
import { UNAVAILABLE } from "../../../support/api/fakes.ts"

const publication = (offset: number, data: string, more: Partial<ChannelPublication> = {}) => ({
  offset,
  data: Buffer.from(data, "latin1"),
  isDelta: false,
  time: 0,
  ...more
})

const METHODS = ["presence", "presence_stats", "history", "history_remove"]

describe.each(METHODS)("%s", (method) => {
  it.each([
    ["there is no channel", {}, 107],
    ["the channel is empty", { channel: "" }, 107],
    ["the channel is too long", { channel: "x".repeat(256) }, 107],
    ["there is no such namespace", { channel: "none:a" }, 102],
    ["the channel has none", { channel: "a" }, 108]
  ])("is refused where %s", async (_, request, code) => {
    expect(await new ApiFixture().code(`/api/${method}`, request)).toBe(code)
  })

  it("is error 100 where the broker does not answer", async () => {
    const api = new ApiFixture({
      channels: { withoutNamespace: { presence: true, historySize: 1, historyTtl: 1000 } }
    })
    expect(await api.code(`/api/${method}`, { channel: UNAVAILABLE })).toBe(100)
  })
})

describe("presence", () => {
  it("tells who is subscribed, with what is known of them byte for byte", async () => {
    const api = new ApiFixture()
    api.presence.clients = new Map([
      ["c1", { user: "42", client: "c1", connInfo: Buffer.from('{"n":1.0}'), chanInfo: Buffer.from("[ 1]") }],
      ["c2", { user: "", client: "c2", connInfo: new Uint8Array() }],
      ["c3", { user: 'q"', client: "c3", connInfo: Buffer.from([0xff]), chanInfo: Buffer.from("{") }]
    ])
    const answer = await api.ask("/api/presence", { channel: "kept:a" })
    expect(answer.body).toBe(
      '{"result":{"presence":{' +
        '"c1":{"user":"42","client":"c1","conn_info":{"n":1.0},"chan_info":[ 1]},' +
        '"c2":{"user":"","client":"c2"},' +
        '"c3":{"user":"q\\"","client":"c3","b64conn_info":"/w==","b64chan_info":"ew=="}}}}'
    )
    expect(api.presence.asked).toEqual(["kept:a"])
  })

  it("is an empty object where nobody is", async () => {
    expect(await new ApiFixture().json("/api/presence", { channel: "kept:a" })).toEqual({
      result: { presence: {} }
    })
  })
})

describe("presence_stats", () => {
  it("tells how many", async () => {
    const api = new ApiFixture()
    api.presence.clients = new Map([
      ["c1", {}],
      ["c2", {}]
    ])
    expect(await api.json("/api/presence_stats", { channel: "kept:a" })).toEqual({
      result: { num_clients: 2, num_users: 1 }
    })
  })
})

describe("history", () => {
  const read = async (request: object) => {
    const api = new ApiFixture()
    const answer = await api.json("/api/history", { channel: "kept:a", ...request })
    return { answer, reads: api.broker.reads }
  }

  it("without a limit is the position alone", async () => {
    const { answer, reads } = await read({})
    expect(answer).toEqual({ result: { publications: [], epoch: "epoch", offset: 0 } })
    expect(reads).toEqual([
      {
        channel: "kept:a",
        filter: { limit: 0, since: undefined, isReverse: false },
        stream: { size: 10, ttlMs: 60_000, metaTtlMs: 3_600_000, isDurable: false }
      }
    ])
  })

  it.each([
    [{ limit: -1 }, { limit: -1 }],
    [{ limit: 100_000 }, { limit: 100_000 }],
    [{ since: {} }, { since: { offset: 0, epoch: "" } }],
    [{ since: { offset: 3, epoch: "epoch" } }, { since: { offset: 3, epoch: "epoch" } }],
    [
      { since: { offset: 3 }, reverse: true },
      { since: { offset: 3, epoch: "" }, isReverse: true }
    ],
    [{ reverse: true }, { isReverse: true, since: undefined }]
  ])("asks the broker as it was asked: %j", async (request, filter) => {
    const { answer, reads } = await read(request)
    expect(answer).toHaveProperty("result")
    expect(reads).toMatchObject([{ filter }])
  })

  it("tells publications with what is known of them, data byte for byte", async () => {
    const api = new ApiFixture()
    const info = { user: "42", client: "c", connInfo: Buffer.from("1.0") }
    api.broker.found = {
      publications: [
        publication(1, '{"big": 12345678901234567890}', { info, tags: { a: "b" }, isDelta: true }),
        publication(2, "\u00ff\u0000"),
        publication(3, "", { tags: {} })
      ],
      offset: 3,
      epoch: 'e"'
    }
    const answer = await api.ask("/api/history", { channel: "kept:a", limit: -1 })
    expect(answer.body).toBe(
      '{"result":{"publications":[' +
        '{"offset":1,"data":{"big": 12345678901234567890},' +
        '"info":{"user":"42","client":"c","conn_info":1.0},"tags":{"a":"b"}},' +
        '{"offset":2,"b64data":"/wA="},' +
        '{"offset":3}' +
        '],"epoch":"e\\"","offset":3}}'
    )
  })

  it.each([
    ["a limit below -1", { limit: -2 }, 107],
    ["a limit with a fraction", { limit: 0.5 }, 107],
    ["a position before the first, in reverse", { since: { offset: 0 }, reverse: true }, 107],
    ["a position in another stream", { since: { offset: 1, epoch: "other" } }, 112],
    ["a position in another stream, in reverse", { since: { offset: 1, epoch: "other" }, reverse: true }, 112]
  ])("refuses %s", async (_, request, code) => {
    expect((await read(request)).answer).toMatchObject({ error: { code } })
  })
})

describe("history_remove", () => {
  it("removes it", async () => {
    const api = new ApiFixture()
    expect(await api.json("/api/history_remove", { channel: "kept:a" })).toEqual({ result: {} })
    expect(api.broker.removed).toEqual(["kept:a"])
  })
})

describe("channels", () => {
  const list = async (request: object) => {
    const api = new ApiFixture()
    api.control.channels = new Map([
      ["news:a", 1],
      ["news:a/b", 2],
      ["chat:c", 3],
      ["__proto__", 4],
      ['q"', 5]
    ])
    return (await api.ask("/api/channels", request)).body
  }
  const ALL =
    '{"result":{"channels":{"news:a":{"num_clients":1},"news:a/b":{"num_clients":2},' +
    '"chat:c":{"num_clients":3},"__proto__":{"num_clients":4},"q\\"":{"num_clients":5}}}}'

  it.each([{}, { pattern: "" }, { pattern: "*" }, { pattern: null }])("are all for %j", async (request) => {
    expect(await list(request)).toBe(ALL)
  })

  it("are those that the pattern matches", async () => {
    expect(await list({ pattern: "news:*" })).toBe(
      '{"result":{"channels":{"news:a":{"num_clients":1},"news:a/b":{"num_clients":2}}}}'
    )
    expect(await list({ pattern: "none*" })).toBe('{"result":{"channels":{}}}')
  })

  it.each(["x".repeat(256), "{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}"])(
    "refuses the pattern %s",
    async (pattern) => {
      expect(await list({ pattern })).toContain('"code":107')
    }
  )
})

describe("info", () => {
  it("tells of each process", async () => {
    const api = new ApiFixture()
    const node = {
      uid: "u",
      name: "n",
      version: "1",
      numClients: 1,
      numUsers: 2,
      numChannels: 3,
      numSubs: 4,
      uptime: 5
    }
    api.control.nodes = [node, { ...node, uid: "v" }]
    const told = {
      uid: "u",
      name: "n",
      version: "1",
      num_clients: 1,
      num_users: 2,
      num_channels: 3,
      num_subs: 4,
      uptime: 5
    }
    expect(await api.json("/api/info", {})).toEqual({ result: { nodes: [told, { ...told, uid: "v" }] } })
  })
})
