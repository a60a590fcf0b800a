import fc from "fast-check"
import { describe, expect, it } from "vitest"
import * as Json from "../../../../src/protocol/centrifuge/json.ts"
import * as messages from "../../../../src/protocol/centrifuge/messages.ts"
import { MAX_DEPTH } from "../../../../src/protocol/centrifuge/tables.ts"
import { padded, parsed, stringText, valueText } from "../jsonText.ts"

const text = (bytes: Uint8Array | undefined): string | undefined => bytes && Buffer.from(bytes).toString()
const bytes = (text: string): Uint8Array => Buffer.from(text)

/** The only command of a frame. */
const command = (frame: string) => {
  const commands = Json.decodeCommands(frame)
  return commands?.length === 1 ? commands[0] : undefined
}

describe("a frame of commands", () => {
  it("has one on each line, in order", () => {
    expect(
      Json.decodeCommands('{"id":1,"connect":{}}\n {"id":2,"subscribe":{"channel":"a"}} \n{"id":3,"ping":{}}')
    ).toEqual([
      { id: 1, connect: {} },
      { id: 2, subscribe: { channel: "a" } },
      { id: 3, ping: {} }
    ])
  })

  it("may end with one newline", () => {
    expect(Json.decodeCommands('{"id":1}\n')).toEqual([{ id: 1 }])
    expect(Json.decodeCommands('{"id":1}\r\n{}\r\n')).toEqual([{ id: 1 }, {}])
  })

  it("may be a pong", () => {
    expect(Json.decodeCommands("{}")).toEqual([{}])
    expect(Json.decodeCommands("{}\n{}")).toEqual([{}, {}])
  })

  it.each([
    "",
    " ",
    "\n",
    "\n{}",
    "{}\n\n",
    "{}\n\n{}",
    "{}\n \n",
    '{"id":\n1}',
    "{\n}",
    "{}{}",
    "{} {}",
    "{},{}",
    "{}x"
  ])("is refused: %j", (frame) => {
    expect(Json.decodeCommands(frame)).toBeUndefined()
  })

  it.each([
    "null",
    "1",
    '"a"',
    "[]",
    "[{}]",
    "true",
    "{",
    '{"id"}',
    '{"id":1,}',
    "{'id':1}",
    '\ufeff{"id":1}'
  ])("is refused where a line is no object: %j", (line) => {
    expect(Json.decodeCommands(line)).toBeUndefined()
    expect(Json.decodeCommands(`{}\n${line}`)).toBeUndefined()
    expect(Json.decodeCommands(`${line}\n{}`)).toBeUndefined()
  })
})

describe("a known field", () => {
  it("may come in any order, with escapes in its name, among unknown ones", () => {
    expect(
      command(
        '{"x":[{"y":"\\u0000"}],"subscribe":{"join_leave":true,"ch\\u0061nnel":"a","":{},"joinLeave":1},"id":7}'
      )
    ).toEqual({ id: 7, subscribe: { joinLeave: true, channel: "a" } })
  })

  it("counts as it was sent last", () => {
    expect(command('{"id":1,"id":2,"rpc":{"method":"a"},"rpc":{}}')).toEqual({ id: 2, rpc: {} })
    expect(command('{"id":1,"id":null}')?.id).toBeUndefined()
  })

  it("is absent where it is null", () => {
    expect(
      command(
        '{"id":null,"connect":{"token":null,"subs":null,"headers":null},"history":{"since":null},"rpc":null}'
      )
    ).toEqual({ connect: {}, history: {} })
  })

  it.each([
    '{"id":"1"}',
    '{"id":1.0}',
    '{"id":1.5}',
    '{"id":1e2}',
    '{"id":-1}',
    '{"id":4294967296}',
    '{"id":true}',
    '{"id":{}}',
    '{"connect":[]}',
    '{"connect":""}',
    '{"connect":true}',
    '{"connect":{"token":1}}',
    '{"connect":{"subs":[]}}',
    '{"connect":{"subs":{"a":1}}}',
    '{"connect":{"subs":{"a":null}}}',
    '{"connect":{"headers":{"a":1}}}',
    '{"connect":{"headers":{"a":null}}}',
    '{"connect":{"flag":9007199254740992}}',
    '{"subscribe":{"recover":1}}',
    '{"subscribe":{"recover":"true"}}',
    '{"subscribe":{"offset":-1}}',
    '{"subscribe":{"offset":-9007199254740993}}',
    '{"subscribe":{"offset":18446744073709555712}}',
    '{"subscribe":{"offset":1e3}}',
    '{"subscribe":{"type":2147483648}}',
    '{"subscribe":{"type":-2147483649}}',
    '{"subscribe":{"tf":{"vals":"a"}}}',
    '{"subscribe":{"tf":{"vals":[1]}}}',
    '{"subscribe":{"tf":{"vals":["a",null]}}}',
    '{"subscribe":{"tf":{"nodes":{}}}}',
    '{"subscribe":{"tf":{"nodes":[{},[]]}}}',
    '{"history":{"since":1}}',
    '{"history":{"since":{"offset":"1"}}}'
  ])("is refused with a wrong type, or a number out of range: %s", (line) => {
    expect(command(line)).toBeUndefined()
    expect(parsed(line)).toBeDefined()
  })

  it("has numbers up to their limits", () => {
    expect(
      command('{"id":4294967295,"history":{"limit":-2147483648,"since":{"offset":9007199254740991}}}')
    ).toEqual({
      id: 4294967295,
      history: { limit: -2147483648, since: { offset: Number.MAX_SAFE_INTEGER } }
    })
  })

  it.each(["9007199254740992", "9007199254740993", "18446744073709551615"])(
    "has an offset that no stream gets to: %s",
    (offset) => {
      const at = { offset: Number.MAX_SAFE_INTEGER }
      expect(command(`{"subscribe":{"offset":${offset}}}`)).toEqual({ subscribe: at })
      expect(command(`{"history":{"since":{"offset":${offset}}}}`)).toEqual({ history: { since: at } })
    }
  )

  it("has strings as JSON.parse reads them", () => {
    fc.assert(
      fc.property(stringText, (channel) => {
        const read = command(`{"subscribe":{"channel":${channel}}}`)?.subscribe?.channel
        expect(read ?? "").toBe(JSON.parse(channel))
      }),
      { numRuns: 1000 }
    )
  })

  it("is absent where its text is empty, as the last one of duplicates too", () => {
    const empty = command('{"subscribe":{"channel":"","token":"a","token":""}}')?.subscribe
    expect(empty?.channel).toBeUndefined()
    expect(empty?.token).toBeUndefined()
  })

  it("may have any keys in a map", () => {
    const connect = command(
      '{"connect":{"subs":{"__proto__":{"recover":true},"constructor":{},"1":{}},"headers":{"__proto__":"x","\\"":""}}}'
    )!.connect!
    expect(Object.entries(connect.subs!)).toEqual([
      ["1", {}],
      ["__proto__", { recover: true }],
      ["constructor", {}]
    ])
    expect(Object.entries(connect.headers!)).toEqual([
      ["__proto__", "x"],
      ['"', ""]
    ])
    expect(({} as { recover?: boolean }).recover).toBeUndefined()
    expect(command('{"connect":{"subs":{}}}')!.connect!.subs!.toString).toBeUndefined()
    const written = Json.encodeMessage(messages.ConnectRequestFields, connect)
    expect(written).toBe(
      '{"subs":{"1":{},"__proto__":{"recover":true},"constructor":{}},"headers":{"__proto__":"x","\\"":""}}'
    )
  })
})

describe("an unknown field", () => {
  it("may hold any JSON, and no other", () => {
    fc.assert(
      fc.property(padded(valueText), (value) => {
        const line = value.replace(/\n/g, " ")
        expect(command(`{"unknown":${line},"id":1}`)).toEqual({ id: 1 })
        expect(command(`{"unknown":${line}],"id":1}`)).toBeUndefined()
      }),
      { numRuns: 500 }
    )
  })

  it("is that of a prototype, too", () => {
    expect(command('{"__proto__":{"id":1},"constructor":1,"toString":2,"":3}')).toEqual({})
  })
})

describe("a payload", () => {
  it("passes through byte for byte", () => {
    fc.assert(
      fc.property(padded(valueText), valueText, (data, other) => {
        const [unknown, sent] = [other, data].map((json) => json.replace(/\n/g, ""))
        const line = `{"id":1,"publish":{"x":${unknown},"data":${sent},"channel":"a"}}`
        const received = command(line)!.publish!.data!
        expect(text(received)).toBe(data.replace(/[\r\n]/g, "").replace(/^[ \t]+|[ \t]+$/g, ""))
        const reply = Json.encodeReply({ push: { channel: "a", pub: { data: received } } })
        expect(reply).toBe(`{"push":{"channel":"a","pub":{"data":${text(received)}}}}`)
        expect(JSON.parse(reply).push.pub.data).toEqual(JSON.parse(data))
      }),
      { numRuns: 2000 }
    )
  })

  it.each([
    '{"b":1,"a":2,"10":3,"9":4,"b":5}',
    "123456789012345678901234567890.10",
    '"\\u00e9é😀\\ud800\\/"',
    "null",
    "0",
    '""',
    "false",
    "[]"
  ])("keeps what printing would change or leave out: %s", (data) => {
    expect(text(command(`{"send":{"data":${data}}}`)!.send!.data)).toBe(data)
    expect(Json.encodeReply({ rpc: { data: bytes(data) } })).toBe(`{"rpc":{"data":${data}}}`)
  })

  it("loses raw newlines only", () => {
    const request = Json.decodeConnectRequest('{"data":{\n "a":\r\n["\\n" ]},"name":"x"}')
    expect(text(request?.data)).toBe('{ "a":["\\n" ]}')
    expect(text(Json.decodeConnectRequest('\n{\n"data":\n[1]\n}')?.data)).toBe("[1]")
  })

  it("is refused when it is not JSON", () => {
    for (const data of ["", "a", "{", "[1,]", "'a'", "01", "nul"])
      expect(command(`{"publish":{"channel":"a","data":${data}}}`)).toBeUndefined()
  })

  it("is a Buffer of its own", () => {
    expect(command('{"send":{"data":{}}}')!.send!.data).toBeInstanceOf(Buffer)
  })
})

describe("nested filters", () => {
  const nested = (depth: number): string =>
    `{"subscribe":{"tf":${'{"nodes":['.repeat(depth)}${"]}".repeat(depth)}}}`

  it("are read to a depth, and refused beyond", () => {
    // A command, its request, the filters; the innermost has no nodes.
    expect(command(nested(MAX_DEPTH - 2))).toBeDefined()
    expect(command(nested(MAX_DEPTH - 1))).toBeUndefined()
    expect(command(nested(10_000))).toBeUndefined()
  })
})

describe("a reply", () => {
  it("leaves out what is zero, and not what is always sent", () => {
    expect(Json.encodeReply({})).toBe("{}")
    expect(Json.encodeReply({ id: 0, push: undefined })).toBe("{}")
    expect(Json.encodeReply({ id: 1, publish: {} })).toBe('{"id":1,"publish":{}}')
    expect(
      Json.encodeReply({ id: 1, error: { code: 103, message: "permission denied", temporary: false } })
    ).toBe('{"id":1,"error":{"code":103,"message":"permission denied"}}')
    expect(
      Json.encodeReply({
        id: 1,
        subscribe: { publications: [], epoch: "", offset: 0, recoverable: true, data: bytes("") }
      })
    ).toBe('{"id":1,"subscribe":{"recoverable":true}}')
    expect(Json.encodeReply({ id: 2, presence: {} })).toBe('{"id":2,"presence":{"presence":{}}}')
    expect(Json.encodeReply({ id: 2, presence: { presence: { c: { user: "u" } } } })).toBe(
      '{"id":2,"presence":{"presence":{"c":{"user":"u","client":""}}}}'
    )
    expect(Json.encodeReply({ id: 3, presenceStats: { numClients: 0 } })).toBe(
      '{"id":3,"presence_stats":{"num_clients":0,"num_users":0}}'
    )
    expect(JSON.parse(Json.encodeReply({ id: 4, history: { offset: 7 } })).history).toEqual({
      publications: [],
      epoch: "",
      offset: 7
    })
    expect(Json.encodePush({ channel: "a", join: { info: {} } })).toBe(
      '{"channel":"a","join":{"info":{"user":"","client":""}}}'
    )
  })

  it("leaves out what the table does not know", () => {
    const reply = { id: 1, secret: "x", publish: { hidden: true } } as messages.Reply
    expect(Json.encodeReply(reply)).toBe('{"id":1,"publish":{}}')
  })

  it("has strings as JSON.stringify writes them", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), fc.nat({ max: 0xffff }), (any, code) => {
        const channel = any + String.fromCharCode(code)
        expect(Json.encodePush({ channel })).toBe(JSON.stringify({ channel }))
      }),
      { numRuns: 2000 }
    )
  })

  it("takes payloads that are views of other bytes", () => {
    const data = new Uint8Array(bytes('xx{"a":"é"}xx')).subarray(2, 12)
    expect(Json.encodePush({ pub: { data } })).toBe('{"pub":{"data":{"a":"é"}}}')
  })
})

describe("a request to connect one way", () => {
  it("is an object or null", () => {
    expect(Json.decodeConnectRequest("null")).toEqual({})
    expect(Json.decodeConnectRequest(" null\n")).toEqual({})
    expect(Json.decodeConnectRequest("{}")).toEqual({})
    expect(Json.decodeConnectRequest('{"token":"t","subs":{"a":{"recover":true,"offset":3}}}')).toEqual({
      token: "t",
      subs: { a: { recover: true, offset: 3 } }
    })
    for (const refused of ["", "nulll", "null null", "[]", "1", '{"token":1}', "{}{}"])
      expect(Json.decodeConnectRequest(refused)).toBeUndefined()
  })
})

describe("an emulation request", () => {
  it("holds a frame of commands as a string", () => {
    const frame = '{"id":1,"publish":{"channel":"é","data":"\\n"}}\n{}'
    const request = Json.decodeEmulation(JSON.stringify({ session: "s", node: "n", data: frame }))!
    expect({ ...request, data: text(request.data) }).toEqual({ session: "s", node: "n", data: frame })
    expect(Json.decodeCommands(text(request.data)!)).toHaveLength(2)
  })

  it("is empty where it says nothing", () => {
    expect(Json.decodeEmulation("{}")).toEqual({ session: "", node: "", data: bytes("") })
  })

  it.each([
    "",
    "null",
    "[]",
    '{"data":{}}',
    '{"data":1,"session":"s"}',
    '{"session":1}',
    '{"node":"n"',
    '{"data":"\n"}'
  ])("is refused: %j", (refused) => {
    expect(Json.decodeEmulation(refused)).toBeUndefined()
  })
})

describe("bytes", () => {
  it("become a JSON string where they are UTF-8", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (any) => {
        expect(text(Json.jsonString(bytes(any)))).toBe(JSON.stringify(any))
      })
    )
    expect(text(Json.jsonString(bytes('{"a":"b"}')))).toBe('"{\\"a\\":\\"b\\"}"')
    expect(Json.jsonString(Uint8Array.of(0x61, 0xff))).toBeUndefined()
    expect(Json.jsonString(Uint8Array.of(0xed, 0xa0, 0x80))).toBeUndefined()
  })

  it("are JSON when they are one value in UTF-8", () => {
    fc.assert(
      fc.property(padded(valueText), (json) => {
        expect(Json.isJson(bytes(json))).toBe(true)
      })
    )
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 4 }), (any) => {
        const json = Buffer.from(any).toString()
        expect(Json.isJson(any)).toBe(Buffer.from(json).equals(any) && parsed(json) !== undefined)
      }),
      { numRuns: 2000 }
    )
    expect(Json.isJson(Uint8Array.of(0x22, 0xff, 0x22))).toBe(false)
    expect(Json.isJson(bytes("\ufeff1"))).toBe(false)
    expect(Json.isJson(bytes(""))).toBe(false)
    expect(Json.isJson(new Uint8Array(bytes("x[1]x")).subarray(1, 4))).toBe(true)
  })
})
