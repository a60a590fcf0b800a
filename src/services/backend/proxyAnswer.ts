/**
 * What a backend answers, in Centrifugo's form: `{"result":{…}}`, `{"error":{…}}` or `{"disconnect":{…}}`. Payloads are cut out of the text
 * as they stand there; everything else is checked. A member that is null is absent, but for the `data` of an RPC, where null is an answer.
 */
import { isUtf8 } from "node:buffer"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as SchemaIssue from "effect/SchemaIssue"
import { fitReason } from "../../protocol/closeCodes.ts"
import { compactNewlines, members } from "../../protocol/rawJson.ts"
import type { SubscriptionGrant } from "../Control.ts"
import {
  BackendDisconnect,
  BackendError,
  type ConnectAnswer,
  type PublishAnswer,
  type RefreshAnswer,
  type RpcAnswer
} from "./Backend.ts"

/** The members of a JSON object: the source text of each. */
type Members = ReadonlyMap<string, string>

/** Reads a result, or says what is wrong with it. */
export type ReadResult<A> = (result: Members) => Result.Result<A, string>

// Members.

const payload = Schema.optionalKey(Schema.Uint8Array)
const base64 = Schema.optionalKey(Schema.Uint8ArrayFromBase64)
const flag = Schema.Boolean.pipe(Schema.withDecodingDefaultKey(Effect.succeed(false)))
const text = Schema.String.pipe(Schema.withDecodingDefaultKey(Effect.succeed("")))

const info = { info: payload, b64info: base64 }
const data = { data: payload, b64data: base64 }
const time = { expire_at: Schema.optionalKey(Schema.Natural) }

const PAYLOADS = new Set(["data", "info", "meta"])

const withoutNull = (_: string, value: unknown): unknown => (value === null ? undefined : value)

const formatIssue = SchemaIssue.makeFormatterStandardSchemaV1()

/** Decodes an object of which the members are known as texts; those that the schema does not name are not looked at. */
const decoder = <A, I>(schema: Schema.Codec<A, I> & { readonly fields: object }, hasNull = false) => {
  const decode = Schema.decodeUnknownResult(schema, { errors: "all" })
  const names = Object.keys(schema.fields)
  const valueOf = (name: string, source: string): unknown =>
    PAYLOADS.has(name) ? compactNewlines(Buffer.from(source)) : JSON.parse(source, withoutNull)
  return (found: Members, where: string): Result.Result<A, string> => {
    const values: Record<string, unknown> = {}
    for (const name of names) {
      const source = found.get(name)
      if (source !== undefined && (hasNull || source !== "null")) values[name] = valueOf(name, source)
    }
    return Result.mapError(decode(values), ({ issue }) =>
      formatIssue(issue)
        .issues.map(({ path = [], message }) => `${[where, ...path].join(".")}: ${message}`)
        .join("; ")
    )
  }
}

/** An object's members, or what is wrong. */
const membersOf = (source: string, where: string): Result.Result<Members, string> => {
  const found = members(source)
  return found === undefined ? Result.fail(`${where}: Expected object`) : Result.succeed(found)
}

/** 0 is never. */
const timeOf = ({ expire_at }: { readonly expire_at?: number }): number | undefined =>
  expire_at === 0 ? undefined : expire_at

/** Base64 goes before JSON. */
const infoOf = (one: { readonly info?: Uint8Array; readonly b64info?: Uint8Array }) => one.b64info ?? one.info
const dataOf = (one: { readonly data?: Uint8Array; readonly b64data?: Uint8Array }) => one.b64data ?? one.data

// Results.

const Override = Schema.optionalKey(Schema.Struct({ value: flag }))

const decodeGrant = decoder(
  Schema.Struct({
    ...info,
    ...data,
    ...time,
    override: Schema.optionalKey(
      Schema.Struct({
        presence: Override,
        join_leave: Override,
        force_recovery: Override,
        force_positioning: Override,
        force_push_join_leave: Override
      })
    )
  })
)

const readGrant = (found: Members, where: string): Result.Result<SubscriptionGrant, string> =>
  Result.map(decodeGrant(found, where), (grant) => ({
    info: infoOf(grant),
    data: dataOf(grant),
    expireAt: timeOf(grant),
    override: grant.override && {
      presence: grant.override.presence?.value,
      joinLeave: grant.override.join_leave?.value,
      forceRecovery: grant.override.force_recovery?.value,
      forcePositioning: grant.override.force_positioning?.value,
      forcePushJoinLeave: grant.override.force_push_join_leave?.value
    }
  }))

export const readSubscribe: ReadResult<SubscriptionGrant> = (found) => readGrant(found, "result")

const decodeConnect = decoder(
  Schema.Struct({
    user: Schema.String,
    ...time,
    ...info,
    ...data,
    meta: payload,
    channels: Schema.Array(Schema.String).pipe(Schema.withDecodingDefaultKey(Effect.succeed([])))
  })
)

const readSubs = (
  channels: ReadonlyArray<string>,
  source: string | undefined
): Result.Result<ReadonlyMap<string, SubscriptionGrant>, string> =>
  Result.gen(function* () {
    const subs = new Map<string, SubscriptionGrant>(channels.map((channel) => [channel, {}]))
    if (source === undefined || source === "null") return subs
    for (const [channel, grant] of yield* membersOf(source, "result.subs")) {
      const where = `result.subs.${channel}`
      subs.set(channel, yield* readGrant(yield* membersOf(grant, where), where))
    }
    return subs
  })

export const readConnect: ReadResult<ConnectAnswer> = (found) =>
  Result.gen(function* () {
    const answer = yield* decodeConnect(found, "result")
    return {
      user: answer.user,
      expireAt: timeOf(answer),
      info: infoOf(answer),
      data: dataOf(answer),
      meta: answer.meta,
      subs: yield* readSubs(answer.channels, found.get("subs"))
    }
  })

const decodeRefresh = decoder(Schema.Struct({ expired: flag, ...time, ...info }))

export const readRefresh: ReadResult<RefreshAnswer> = (found) =>
  Result.map(decodeRefresh(found, "result"), (answer) => ({
    isExpired: answer.expired,
    expireAt: timeOf(answer),
    info: infoOf(answer)
  }))

const decodePublish = decoder(
  Schema.Struct({
    ...data,
    skip_history: Schema.optionalKey(Schema.Boolean),
    tags: Schema.optionalKey(Schema.Record(Schema.String, Schema.String)),
    idempotency_key: Schema.optionalKey(Schema.String),
    delta: Schema.optionalKey(Schema.Boolean),
    version: Schema.optionalKey(Schema.Natural),
    version_epoch: Schema.optionalKey(Schema.String)
  })
)

export const readPublish: ReadResult<PublishAnswer> = (found) =>
  Result.map(decodePublish(found, "result"), (answer) => ({
    data: dataOf(answer),
    skipHistory: answer.skip_history,
    tags: answer.tags,
    idempotencyKey: answer.idempotency_key,
    isDelta: answer.delta,
    version: answer.version,
    versionEpoch: answer.version_epoch
  }))

const decodeRpc = decoder(Schema.Struct({ data: payload, b64data: base64 }), true)

export const readRpc: ReadResult<RpcAnswer> = (found) => Result.map(decodeRpc(found, "result"), dataOf)

// Refusals.

const decodeError = decoder(
  Schema.Struct({
    code: Schema.Int.check(Schema.isBetween({ minimum: 400, maximum: 1999 })),
    message: text,
    temporary: flag
  })
)

const decodeDisconnect = decoder(
  Schema.Struct({
    code: Schema.Int.check(Schema.isBetween({ minimum: 4000, maximum: 4999 })),
    reason: text
  })
)

/** Reads an answer. It fails with what the backend refuses with, or with a text that says why it is no answer. */
export const readAnswer = <A>(
  body: Uint8Array,
  readResult: ReadResult<A>
): Result.Result<A, BackendError | BackendDisconnect | string> =>
  Result.gen(function* () {
    if (!isUtf8(body)) return yield* Result.fail("the answer is not UTF-8")
    const answer = yield* membersOf(Buffer.from(body).toString("utf8"), "the answer")
    const [disconnect, error, result] = ["disconnect", "error", "result"].map((name) => {
      const source = answer.get(name)
      return source === "null" ? undefined : source
    })
    if (disconnect !== undefined) {
      const { code, reason } = yield* decodeDisconnect(
        yield* membersOf(disconnect, "disconnect"),
        "disconnect"
      )
      return yield* Result.fail(new BackendDisconnect({ code, reason: fitReason(reason) }))
    }
    if (error !== undefined) {
      const { code, message, temporary } = yield* decodeError(yield* membersOf(error, "error"), "error")
      return yield* Result.fail(new BackendError({ code, message, isTemporary: temporary }))
    }
    if (result === undefined) return yield* Result.fail("the answer has none of result, error and disconnect")
    return yield* readResult(yield* membersOf(result, "result"))
  })
