/**
 * What a worker asks the primary about channels, and what it is answered: broker, presence, and the commands of
 * sessions that another worker holds. Questions and answers travel in batches, and each batch is checked once when it
 * arrives.
 */
import * as Schema from "effect/Schema"

export const ClientInfo = Schema.Struct({
  user: Schema.optional(Schema.String),
  client: Schema.optional(Schema.String),
  connInfo: Schema.optional(Schema.Uint8Array),
  chanInfo: Schema.optional(Schema.Uint8Array)
})

const Tags = Schema.Record(Schema.String, Schema.String)

export const StreamPosition = Schema.Struct({ offset: Schema.Number, epoch: Schema.String })

/** What is known of a publication beside its data. */
export const AboutPublication = Schema.Struct({
  offset: Schema.Number,
  info: Schema.optional(ClientInfo),
  tags: Schema.optional(Tags),
  isDelta: Schema.Boolean,
  time: Schema.Number
})

const StreamOptions = Schema.Struct({
  size: Schema.Number,
  ttlMs: Schema.Number,
  metaTtlMs: Schema.Number,
  isDurable: Schema.optionalKey(Schema.Boolean)
})

const PublishOptions = Schema.Struct({
  stream: Schema.UndefinedOr(StreamOptions),
  info: Schema.optional(ClientInfo),
  tags: Schema.optional(Tags),
  isDelta: Schema.optionalKey(Schema.Boolean),
  idempotencyKey: Schema.optional(Schema.String),
  version: Schema.optional(Schema.Number),
  versionEpoch: Schema.optional(Schema.String)
})

const HistoryFilter = Schema.Struct({
  limit: Schema.Number,
  since: Schema.optional(StreamPosition),
  isReverse: Schema.optionalKey(Schema.Boolean)
})

const id = Schema.Number
const channel = Schema.String

/** What a worker asks, in the order in which it is to be begun. */
export const Question = Schema.TaggedUnion({
  Publish: { id, channel, data: Schema.Uint8Array, options: PublishOptions },
  Announce: { id, channel, kind: Schema.Literals(["join", "leave"]), info: ClientInfo },
  Subscribe: { id, channel },
  /** Not answered. */
  Unsubscribe: { channel },
  History: { id, channel, filter: HistoryFilter, stream: StreamOptions },
  RemoveHistory: { id, channel },
  AddPresence: { id, node: Schema.String, channel, client: Schema.String, info: ClientInfo },
  RemovePresence: { id, node: Schema.String, channel, client: Schema.String },
  GetPresence: { id, channel },
  CountPresence: { id, channel },
  DropPresence: { id, node: Schema.String },
  /** Commands for a session in the worker of that id. */
  Emulate: { id, node: Schema.String, session: Schema.String, data: Schema.Uint8Array }
})
export type Question = typeof Question.Type

/** What the primary says to a question by its id. */
export const Answer = Schema.TaggedUnion({
  Done: { id },
  Published: { id, offset: Schema.Number, epoch: Schema.String, isSuppressed: Schema.Boolean },
  History: {
    id,
    offset: Schema.Number,
    epoch: Schema.String,
    publications: Schema.Array(Schema.Struct({ ...AboutPublication.fields, data: Schema.Uint8Array }))
  },
  Clients: { id, clients: Schema.Array(Schema.Tuple([Schema.String, ClientInfo])) },
  /** More clients than are told. */
  TooManyClients: { id, detail: Schema.String },
  Counted: { id, numClients: Schema.Number, numUsers: Schema.Number },
  /** No worker has that id. */
  UnknownNode: { id },
  /** A publication that is never taken. */
  TooLarge: { id, detail: Schema.String },
  Unavailable: { id, detail: Schema.String }
})
export type Answer = typeof Answer.Type

/** By the tag of a question, the tags of what it is answered with where all is well. */
export interface Answers {
  readonly Publish: "Published" | "TooLarge"
  readonly Announce: "Done"
  readonly Subscribe: "Done"
  readonly History: "History"
  readonly RemoveHistory: "Done"
  readonly AddPresence: "Done"
  readonly RemovePresence: "Done"
  readonly GetPresence: "Clients" | "TooManyClients"
  readonly CountPresence: "Counted"
  readonly DropPresence: "Done"
  readonly Emulate: "Done" | "UnknownNode"
}

type Of<Union extends { readonly _tag: string }, Tag extends string> = Extract<Union, { readonly _tag: Tag }>
type WithoutId<A> = A extends unknown ? Omit<A, "id"> : never

/** A question that is answered, before it has its id. */
export type Asked = WithoutId<Of<Question, keyof Answers>>
/** What it is answered with, unless that is Unavailable. */
export type AnswerTo<Tag extends keyof Answers> = Of<Answer, Answers[Tag]>
/** An answer before it has the id of its question. */
export type Said = WithoutId<Answer>
