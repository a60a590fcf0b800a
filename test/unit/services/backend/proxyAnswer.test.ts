import * as Result from "effect/Result"
import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { BackendDisconnect, BackendError } from "../../../../src/services/backend/Backend.ts"
import {
  type ReadResult,
  readAnswer,
  readConnect,
  readPublish,
  readRefresh,
  readRpc,
  readSubscribe
} from "../../../../src/services/backend/proxyAnswer.ts"
import { bytes, textOf } from "../../../support/questions.ts"
import { mutated, padded, valueText } from "../../protocol/jsonText.ts"

const read = <A>(how: ReadResult<A>, answer: string | object) =>
  readAnswer(bytes(typeof answer === "string" ? answer : JSON.stringify(answer)), how)
const good = <A>(how: ReadResult<A>, answer: string | object): A => Result.getOrThrow(read(how, answer))
const bad = (how: ReadResult<unknown>, answer: string | object) => {
  const answered = read(how, answer)
  return Result.isFailure(answered) ? answered.failure : "nothing"
}

const base64 = (text: string) => Buffer.from(text).toString("base64")

describe("an answer about a connection", () => {
  it("may be as short as a user", () => {
    expect(good(readConnect, { result: { user: "56" } })).toEqual({ user: "56", subs: new Map() })
    expect(good(readConnect, { result: { user: "" } }).user).toBe("")
  })

  it("has info, data and meta as they stand in it", () => {
    const answer = good(
      readConnect,
      '{"result":{"user":"1","expire_at":1565436268,"info":{"10":1, "2":9007199254740993},"data":"\\u0041","meta":[ 1 ]}}'
    )
    expect([answer.info, answer.data, answer.meta].map(textOf)).toEqual([
      '{"10":1, "2":9007199254740993}',
      '"\\u0041"',
      "[ 1 ]"
    ])
    expect(answer.expireAt).toBe(1565436268)
  })

  it("has Base64 before JSON", () => {
    const answer = good(readConnect, {
      result: { user: "1", info: 1, b64info: base64("\0raw"), data: 2, b64data: base64("{") }
    })
    expect([answer.info, answer.data].map(textOf)).toEqual(["\0raw", "{"])
  })

  it("subscribes by names and by options", () => {
    const { subs } = good(readConnect, {
      result: {
        user: "1",
        channels: ["a", "b"],
        subs: {
          b: {
            info: { x: 1 },
            b64data: base64("raw"),
            expire_at: 7,
            override: { presence: { value: true } }
          },
          __proto__: {},
          c: { override: { join_leave: { value: false }, force_recovery: {}, force_positioning: null } }
        }
      }
    })
    expect([...subs.keys()]).toEqual(["a", "b", "c"])
    expect(subs.get("a")).toEqual({})
    expect(subs.get("b")).toMatchObject({ expireAt: 7, override: { presence: true } })
    expect([subs.get("b")!.info, subs.get("b")!.data].map(textOf)).toEqual(['{"x":1}', "raw"])
    expect(subs.get("c")!.override).toEqual({ joinLeave: false, forceRecovery: false })
  })

  it("can subscribe to a channel of any name", () => {
    const { subs } = good(
      readConnect,
      '{"result":{"user":"1","subs":{"__proto__":{"data":1},"constructor":{}}}}'
    )
    expect([...subs.keys()]).toEqual(["__proto__", "constructor"])
    expect(textOf(subs.get("__proto__")!.data)).toBe("1")
  })

  it("says who it is about", () => {
    expect(bad(readConnect, { result: {} })).toBe("result.user: Missing key")
    expect(bad(readConnect, { result: { user: 5 } })).toBe("result.user: Expected string")
    expect(bad(readConnect, { result: { user: null } })).toBe("result.user: Missing key")
  })

  it.each<readonly [object, string]>([
    [{ channels: "a" }, "result.channels: Expected array"],
    [{ channels: ["a", 5] }, "result.channels.1: Expected string"],
    [{ subs: [] }, "result.subs: Expected object"],
    [{ subs: { a: 5 } }, "result.subs.a: Expected object"],
    [{ subs: { a: { override: { presence: true } } } }, "result.subs.a.override.presence: Expected object"],
    [{ subs: { a: { b64info: "?" } } }, "result.subs.a.b64info: Expected a valid Base64 string"],
    [{ expire_at: "5" }, "result.expire_at: Expected number"],
    [{ expire_at: -1 }, "result.expire_at: Expected a value greater than or equal to 0"],
    [{ expire_at: 1.5 }, "result.expire_at: Expected an integer"],
    [{ b64data: "a" }, "result.b64data: Expected a valid Base64 string"],
    [{ expire_at: "x", b64info: 1 }, "result.expire_at: Expected number; result.b64info: Expected string"]
  ])("is no answer with %j", (wrong, problem) => {
    expect(bad(readConnect, { result: { user: "1", ...wrong } })).toBe(problem)
  })
})

describe("an answer about a refresh", () => {
  it("prolongs, ends or changes", () => {
    expect(good(readRefresh, { result: {} })).toEqual({ isExpired: false })
    expect(good(readRefresh, { result: { expired: true } })).toEqual({ isExpired: true })
    expect(good(readRefresh, { result: { expire_at: 9 } })).toEqual({ isExpired: false, expireAt: 9 })
    expect(good(readRefresh, { result: { expire_at: 0 } })).toEqual({ isExpired: false })
    expect(textOf(good(readRefresh, '{"result":{"info":{ }}}').info)).toBe("{ }")
    expect(bad(readRefresh, { result: { expired: "yes" } })).toBe("result.expired: Expected boolean")
  })
})

describe("an answer about a subscription", () => {
  it("grants it, with or without more", () => {
    expect(good(readSubscribe, { result: {} })).toEqual({})
    const grant = good(readSubscribe, {
      result: {
        info: 1,
        data: "d",
        expire_at: 5,
        override: {
          presence: { value: true },
          join_leave: { value: false },
          force_recovery: { value: true },
          force_positioning: { value: false },
          force_push_join_leave: { value: true }
        }
      }
    })
    expect([textOf(grant.info), textOf(grant.data), grant.expireAt]).toEqual(["1", '"d"', 5])
    expect(grant.override).toEqual({
      presence: true,
      joinLeave: false,
      forceRecovery: true,
      forcePositioning: false,
      forcePushJoinLeave: true
    })
  })
})

describe("an answer about a publication", () => {
  it("lets it pass, or changes it", () => {
    expect(good(readPublish, { result: {} })).toEqual({})
    const answer = good(
      readPublish,
      '{"result":{"data":{"a": 1},"skip_history":true,"tags":{"a":"b"},"idempotency_key":"k","delta":true,' +
        '"version":9007199254740991,"version_epoch":"e"}}'
    )
    expect(textOf(answer.data)).toBe('{"a": 1}')
    expect({ ...answer, data: undefined }).toEqual({
      data: undefined,
      skipHistory: true,
      tags: { a: "b" },
      idempotencyKey: "k",
      isDelta: true,
      version: 9007199254740991,
      versionEpoch: "e"
    })
  })

  it("with null changes nothing", () => {
    expect(good(readPublish, { result: { data: null, tags: null, version: null } })).toEqual({})
  })

  it.each<readonly [string, string]>([
    ['{"version":9007199254740993}', "result.version: Expected an integer"],
    ['{"tags":{"a":1}}', "result.tags.a: Expected string"],
    ['{"delta":1}', "result.delta: Expected boolean"]
  ])("is no answer with %s", (result, problem) => {
    expect(bad(readPublish, `{"result":${result}}`)).toBe(problem)
  })
})

describe("an answer to a procedure call", () => {
  it("is data, or none", () => {
    expect(textOf(good(readRpc, { result: { data: { a: 1 } } }))).toBe('{"a":1}')
    expect(textOf(good(readRpc, { result: { b64data: base64("raw") } }))).toBe("raw")
    expect(good(readRpc, { result: {} })).toBeUndefined()
  })

  it("can be null", () => {
    expect(textOf(good(readRpc, '{"result":{"data":null}}'))).toBe("null")
  })

  it("is passed on byte for byte, without raw newlines", () => {
    fc.assert(
      fc.property(valueText, padded(fc.constant("")), (text, space) => {
        const answer = `{ "more":1,${space}"result"${space}:{"data":${space}${text}${space}}${space}}`
        expect(textOf(good(readRpc, answer))).toBe(text.replace(/[\r\n]/g, ""))
      }),
      { numRuns: 1000 }
    )
  })
})

describe("a refusal", () => {
  it("is an error for the client", () => {
    const error = bad(readRpc, { error: { code: 1000, message: "no", temporary: true } })
    expect(error).toEqual(new BackendError({ code: 1000, message: "no", isTemporary: true }))
    expect(bad(readRpc, { error: { code: 400 } })).toEqual(
      new BackendError({ code: 400, message: "", isTemporary: false })
    )
  })

  it("is the end of the connection", () => {
    expect(bad(readRpc, { disconnect: { code: 4500, reason: "bye" } })).toEqual(
      new BackendDisconnect({ code: 4500, reason: "bye" })
    )
    expect(bad(readRpc, { disconnect: { code: 4000 } })).toEqual(
      new BackendDisconnect({ code: 4000, reason: "" })
    )
  })

  it("goes before a result, and the end before an error", () => {
    const [result, error, disconnect] = [{}, { code: 400 }, { code: 4000 }]
    expect(bad(readRpc, { result, error })).toBeInstanceOf(BackendError)
    expect(bad(readRpc, { result, error, disconnect })).toBeInstanceOf(BackendDisconnect)
    expect(good(readSubscribe, { result, error: null, disconnect: null })).toEqual({})
  })

  it.each([399, 2000, 0, 103, 1.5, "400", undefined])("is none with the error code %s", (code) => {
    expect(bad(readRpc, { error: { code } })).toMatch(/^error\.code: /)
  })

  it.each([3999, 5000, 3500, "4000", undefined])("is none with the close code %s", (code) => {
    expect(bad(readRpc, { disconnect: { code } })).toMatch(/^disconnect\.code: /)
  })

  it("has a reason that fits into a close frame, in whole characters", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 140 }), (reason) => {
        const refused = bad(readRpc, { disconnect: { code: 4000, reason } }) as BackendDisconnect
        const whole = Buffer.from(reason).toString()
        expect(whole.startsWith(refused.reason)).toBe(true)
        const length = Buffer.byteLength(refused.reason)
        expect(length).toBeLessThanOrEqual(123)
        if (Buffer.byteLength(whole) > 123) expect(length).toBeGreaterThan(119)
        else expect(refused.reason).toBe(whole)
      })
    )
  })
})

describe("no answer", () => {
  it.each<readonly [string, string]>([
    ["", "the answer: Expected object"],
    ["null", "the answer: Expected object"],
    ["[]", "the answer: Expected object"],
    ["<html>", "the answer: Expected object"],
    ['{"result":{}', "the answer: Expected object"],
    ['{"result":{}}{}', "the answer: Expected object"],
    ["{}", "the answer has none of result, error and disconnect"],
    ['{"result":null}', "the answer has none of result, error and disconnect"],
    ['{"result":5}', "result: Expected object"],
    ['{"error":"no"}', "error: Expected object"],
    ['{"disconnect":4000}', "disconnect: Expected object"]
  ])("is %s", (answer, problem) => {
    expect(bad(readSubscribe, answer)).toBe(problem)
  })

  it("is what is not UTF-8", () => {
    const answer = Buffer.concat([Buffer.from('{"result":{"data":"'), Buffer.of(0xff), Buffer.from('"}}')])
    expect(Result.getFailure(readAnswer(answer, readRpc))).toMatchObject({ value: "the answer is not UTF-8" })
  })

  it("is ever an exception", () => {
    const answers = fc.constantFrom(
      '{"result":{"user":"1","subs":{"a":{"override":{"presence":{"value":true}}}},"channels":["a"],"b64data":"aGk="}}',
      '{"error":{"code":400,"message":"m"}}',
      '{"disconnect":{"code":4000,"reason":"r"}}'
    )
    fc.assert(
      fc.property(
        mutated(answers),
        fc.constantFrom<ReadResult<unknown>>(readConnect, readPublish, readRpc),
        (answer, how) => {
          read(how, answer)
        }
      ),
      { numRuns: 5000 }
    )
  })
})
