/** Every command by hand, and what it is answered: exact lines, in order. */
import { describe, expect, it } from "vitest"
import { serveCentrifuge, withNamespaces } from "../../support/centrifuge/centrifugeServer.ts"
import { connectScript, masked, openScript } from "../../support/centrifuge/Script.ts"

/** What the commands after the connect command are answered, each on a connection of its own. */
const answers = async (
  settings: Readonly<Record<string, unknown>>,
  commands: ReadonlyArray<string>
): Promise<ReadonlyArray<string>> => {
  const server = await serveCentrifuge("uws", settings)
  const found: Array<string> = []
  for (const command of commands) {
    const script = await connectScript(server)
    await script.say(command)
    const id = JSON.parse(command).id as number
    await Promise.race([script.reply(id), script.ended])
    const line = script.lines.find((one) => JSON.parse(one).id === id)
    found.push(line === undefined ? String((await script.ended).code) : masked(line))
    script.client.socket.close()
  }
  return found
}

const error = (code: number, message: string, more = "") =>
  `{"id":2,"error":{"code":${code},"message":"${message}"${more}}}`

/** Nobody may do anything but connect. */
const STRICT = { "client.insecure": false, "client.allowAnonymousConnectWithoutToken": true }

describe("connect", () => {
  it.each(["uws", "ws"] as const)("is answered with who one is, on %s", async (transport) => {
    const server = await serveCentrifuge(transport)
    const script = await openScript(server)
    await script.say('{"id":7,"connect":{"name":"js","version":"1","data":{"a":[1]},"headers":{"a":"b"}}}')
    expect(await script.first(1)).toEqual([
      '{"id":7,"connect":{"client":"ID","version":"VERSION","ping":25,"pong":true}}'
    ])
  })

  it("tells the server's time where that is wanted", async () => {
    const server = await serveCentrifuge("uws", { "client.connectIncludeServerTime": true })
    const before = Date.now()
    const script = await connectScript(server)
    const { connect } = await script.reply(1)
    expect(connect.time).toBeGreaterThanOrEqual(before - 1)
    expect(connect.time).toBeLessThanOrEqual(Date.now())
  })

  it("announces no pings and no pongs where there are none", async () => {
    const without = await serveCentrifuge("uws", { "client.pingInterval": 0, "client.pongTimeout": 0 })
    expect(await (await connectScript(without)).first(1)).toEqual([
      '{"id":1,"connect":{"client":"ID","version":"VERSION"}}'
    ])
    const unanswered = await serveCentrifuge("uws", { "client.pongTimeout": 0 })
    expect(await (await connectScript(unanswered)).first(1)).toEqual([
      '{"id":1,"connect":{"client":"ID","version":"VERSION","ping":25}}'
    ])
  })
})

describe("subscribe", () => {
  it("is answered with what the channel offers", async () => {
    const plain = { name: "plain" }
    const positioned = {
      name: "positioned",
      historySize: 10,
      historyTtl: "1 minute",
      allowPositioning: true,
      allowRecovery: true
    }
    expect(
      await answers(withNamespaces(plain, positioned), [
        '{"id":2,"subscribe":{"channel":"plain:a"}}',
        '{"id":2,"subscribe":{"channel":"plain:a","recoverable":true,"positioned":true,"join_leave":true}}',
        '{"id":2,"subscribe":{"channel":"positioned:a"}}',
        '{"id":2,"subscribe":{"channel":"positioned:a","positioned":true}}',
        '{"id":2,"subscribe":{"channel":"positioned:a","recoverable":true}}',
        '{"id":2,"subscribe":{"channel":"recovery:a","recover":true}}',
        '{"id":2,"subscribe":{"channel":"recovery:a","recover":true,"epoch":"other","offset":3}}',
        '{"id":2,"subscribe":{"channel":"a","delta":"fossil"}}',
        '{"id":2,"subscribe":{"channel":"recovery:a","delta":"fossil"}}',
        '{"id":2,"subscribe":{"channel":"recovery:a","flag":1}}'
      ])
    ).toEqual([
      '{"id":2,"subscribe":{}}',
      '{"id":2,"subscribe":{}}',
      '{"id":2,"subscribe":{}}',
      '{"id":2,"subscribe":{"positioned":true,"epoch":"EPOCH"}}',
      '{"id":2,"subscribe":{"positioned":true,"recoverable":true,"epoch":"EPOCH"}}',
      '{"id":2,"subscribe":{"positioned":true,"recoverable":true,"epoch":"EPOCH","was_recovering":true,"recovered":true}}',
      '{"id":2,"subscribe":{"positioned":true,"recoverable":true,"epoch":"EPOCH","was_recovering":true}}',
      '{"id":2,"subscribe":{"delta":true,"positioned":true,"recoverable":true,"epoch":"EPOCH"}}',
      '{"id":2,"subscribe":{"positioned":true,"recoverable":true,"epoch":"EPOCH"}}',
      '{"id":2,"subscribe":{"positioned":true,"recoverable":true,"epoch":"EPOCH"}}'
    ])
  })

  it("is refused with the error that says why", async () => {
    expect(
      await answers(
        { "client.channelLimit": 1, ...withNamespaces({ name: "tags", allowTagsFilter: true }) },
        [
          '{"id":2,"subscribe":{"channel":"nowhere:a"}}',
          `{"id":2,"subscribe":{"channel":"${"a".repeat(256)}"}}`,
          '{"id":2,"subscribe":{"channel":"caf\\u00e9"}}',
          '{"id":2,"subscribe":{"channel":"a","tf":{"key":"a","cmp":"eq","val":"b"}}}',
          '{"id":2,"subscribe":{"channel":"tags:a","tf":{"op":"xor"}}}',
          '{"id":2,"subscribe":{"channel":"$a"}}',
          '{"id":2,"subscribe":{"channel":"a","token":"none"}}',
          '{"id":2,"subscribe":{"channel":"recovery:a","recover":true,"epoch":"other","flag":2}}',
          '{"id":2,"subscribe":{"channel":"a","delta":"xdelta"}}',
          '{"id":2,"subscribe":{"channel":""}}',
          '{"id":2,"subscribe":{}}'
        ]
      )
    ).toEqual([
      error(102, "unknown channel"),
      error(107, "bad request"),
      error(107, "bad request"),
      error(107, "bad request"),
      error(107, "bad request"),
      error(103, "permission denied"),
      error(103, "permission denied"),
      error(112, "unrecoverable position"),
      "3501",
      "3501",
      "3501"
    ])
    expect(await answers(STRICT, ['{"id":2,"subscribe":{"channel":"a"}}'])).toEqual([
      error(103, "permission denied")
    ])
  })

  it("is refused a second time, and beyond the limit", async () => {
    const server = await serveCentrifuge("uws", { "client.channelLimit": 2 })
    const script = await connectScript(server)
    for (const [id, channel] of [
      [2, "smallhistory:a"],
      [3, "smallhistory:a"],
      [4, "smallhistory:b"],
      [5, "smallhistory:c"]
    ] as const)
      await script.say({ id, subscribe: { channel } })
    expect((await script.reply(3)).error).toEqual({ code: 105, message: "already subscribed" })
    expect((await script.reply(4)).subscribe).toBeDefined()
    expect((await script.reply(5)).error).toEqual({ code: 106, message: "limit exceeded" })
    await script.say({ id: 6, unsubscribe: { channel: "smallhistory:a" } })
    await script.say({ id: 7, subscribe: { channel: "smallhistory:c" } })
    expect((await script.reply(7)).subscribe).toBeDefined()
  })
})

describe("unsubscribe, publish, rpc, send, ping", () => {
  it("are answered as they should be", async () => {
    const json = { name: "json", publicationDataFormat: "json_object" }
    expect(
      await answers(withNamespaces(json), [
        '{"id":2,"unsubscribe":{"channel":"a"}}',
        '{"id":2,"unsubscribe":{}}',
        '{"id":2,"publish":{"channel":"a","data":null}}',
        '{"id":2,"publish":{"channel":"a"}}',
        '{"id":2,"publish":{"channel":"json:a","data":[]}}',
        '{"id":2,"publish":{"channel":"json:a","data":{}}}',
        '{"id":2,"publish":{"channel":"nowhere:a","data":1}}',
        '{"id":2,"publish":{"channel":"a","data":1,"type":1,"key":"k"}}',
        '{"id":2,"publish":{"data":1}}',
        '{"id":2,"rpc":{"method":"any","data":{}}}',
        '{"id":2,"send":{"data":1}}',
        '{"id":2,"ping":{}}'
      ])
    ).toEqual([
      '{"id":2,"unsubscribe":{}}',
      "3501",
      '{"id":2,"publish":{}}',
      error(107, "bad request"),
      error(107, "bad request"),
      '{"id":2,"publish":{}}',
      error(102, "unknown channel"),
      error(107, "bad request"),
      "3501",
      error(108, "not available"),
      "3508",
      "3501"
    ])
    expect(await answers(STRICT, ['{"id":2,"publish":{"channel":"a","data":1}}'])).toEqual([
      error(103, "permission denied")
    ])
    expect(
      await answers({ "rpc.ping.enabled": true }, [
        '{"id":2,"rpc":{"method":"ping"}}',
        '{"id":2,"rpc":{"method":"other"}}'
      ])
    ).toEqual(['{"id":2,"rpc":{}}', error(108, "not available")])
  })
})

describe("presence and history", () => {
  it("are answered as they should be", async () => {
    expect(
      await answers({}, [
        '{"id":2,"presence":{"channel":"a"}}',
        '{"id":2,"presence_stats":{"channel":"a"}}',
        '{"id":2,"presence":{"channel":"recovery:a"}}',
        '{"id":2,"presence_stats":{"channel":"nowhere:a"}}',
        '{"id":2,"presence":{}}',
        '{"id":2,"presence_stats":{}}',
        '{"id":2,"history":{"channel":"a"}}',
        '{"id":2,"history":{"channel":"a","limit":10,"since":{"offset":0,"epoch":"other"}}}',
        '{"id":2,"history":{"channel":"a","limit":10,"since":{"offset":0},"reverse":true}}',
        '{"id":2,"history":{"channel":"a","limit":10,"since":{"offset":18446744073709551615}}}',
        '{"id":2,"subscribe":{"channel":"recovery:a","recover":true,"offset":18446744073709551615}}',
        '{"id":2,"history":{"channel":"nowhere:a"}}',
        '{"id":2,"history":{}}'
      ])
    ).toEqual([
      '{"id":2,"presence":{"presence":{}}}',
      '{"id":2,"presence_stats":{"num_clients":0,"num_users":0}}',
      error(108, "not available"),
      error(102, "unknown channel"),
      "3501",
      "3501",
      '{"id":2,"history":{"publications":[],"offset":0,"epoch":"EPOCH"}}',
      error(112, "unrecoverable position"),
      error(107, "bad request"),
      '{"id":2,"history":{"publications":[],"offset":0,"epoch":"EPOCH"}}',
      '{"id":2,"subscribe":{"positioned":true,"recoverable":true,"epoch":"EPOCH","was_recovering":true}}',
      error(102, "unknown channel"),
      "3501"
    ])
    const some = [
      '{"id":2,"presence":{"channel":"a"}}',
      '{"id":2,"presence_stats":{"channel":"a"}}',
      '{"id":2,"history":{"channel":"a"}}'
    ]
    expect(await answers(STRICT, some)).toEqual(some.map(() => error(103, "permission denied")))
    expect(
      await answers(withNamespaces({ name: "plain", allowHistoryForClient: true }), [
        '{"id":2,"history":{"channel":"plain:a"}}'
      ])
    ).toEqual([error(108, "not available")])
  })
})

describe("refresh and sub_refresh", () => {
  it("are refused without a token, and with one that is none", async () => {
    expect(
      await answers({}, [
        '{"id":2,"refresh":{}}',
        '{"id":2,"refresh":{"token":""}}',
        '{"id":2,"refresh":{"token":"none"}}',
        '{"id":2,"sub_refresh":{"channel":"a","token":"none"}}',
        '{"id":2,"sub_refresh":{"token":"none"}}'
      ])
    ).toEqual(["3501", "3501", "3500", error(103, "permission denied"), "3501"])
  })
})
