/**
 * What nodes ask and tell each other, checked by these schemas when it arrives. What a node holds has the same shape as what a worker tells its
 * primary (services/workers/).
 */
import { isUtf8 } from "node:buffer"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { Count, Moment } from "../numbers.ts"
import { ControlCommand, NodeInfo } from "../workers/controlMessages.ts"
import { ClientInfo } from "../workers/questions.ts"

const channel = Schema.String

/** Of channels and receipts: more than anybody asks for at once. */
const MAX_LIMIT = 10_000
const Limit = Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: MAX_LIMIT }))
/** NaN: nobody was written to. */
const MomentOrNever = Schema.Union([Moment, Schema.Number.check(Schema.makeFilter(Number.isNaN))])
const ChannelCounts = Schema.Array(Schema.Tuple([Schema.String, Count]))

/** Counts of the publications of a receipt in one process, as in `WorkerDelivery`. */
export const Part = Schema.Struct({
  worker: Schema.String,
  eligible: Count,
  written: Count,
  slow: Count,
  mailbox: Count,
  firstWriteAt: MomentOrNever,
  lastWriteAt: MomentOrNever
})
export type Part = typeof Part.Type

const counts = {
  eligible: Count,
  written: Count,
  dropped: Count,
  drops: Schema.Struct({ slow: Count, mailbox: Count }),
  closed: Count,
  firstWriteAt: Schema.NullOr(Moment),
  lastWriteAt: Schema.NullOr(Moment),
  timeToLastWriteMs: Schema.NullOr(Schema.Finite)
}

/** `Receipt` of services/receipts/Receipts.ts. */
const Receipt = Schema.Struct({
  id: Schema.String,
  kind: Schema.Literals(["broadcast", "schedule"]),
  channels: Schema.Array(Schema.String),
  channelCount: Count,
  schedule: Schema.optional(Schema.String),
  node: Schema.optional(Schema.String),
  ...counts,
  publishedAt: Moment,
  isComplete: Schema.Boolean,
  lost: Count,
  acked: Count,
  workers: Schema.Array(Schema.Struct({ worker: Schema.String, ...counts })),
  missing: Schema.optionalKey(Schema.Array(Schema.String))
})

/** Publications of a receipt in each channel; null stands for all raw connections. */
const Published = Schema.Array(Schema.Tuple([Schema.NullOr(Schema.String), Count]))

export const Question = Schema.TaggedUnion({
  GetPresence: { channel },
  CountPresence: { channel },
  Control: { commands: Schema.Array(ControlCommand) },
  TellNodes: {},
  TellChannels: {},
  TellLargest: { limit: Limit },
  /** Which NATS server it is connected to. */
  TellServer: {},
  TellSizes: { channels: Schema.Array(Schema.String) },
  /** Commands of a client for a session that a process of the node holds. */
  Emulate: { process: Schema.String, session: Schema.String, data: Schema.Uint8Array },
  /** What became of the publications of a receipt of who asks; answered when that is known of all of them. */
  Outcome: { receipt: Schema.String, published: Published },
  /** So many of the node's connections acknowledged each of these receipts, since it last told. */
  Acked: { counts: ChannelCounts },
  /** A receipt by its id. */
  GetReceipt: { id: Schema.String },
  /** A page of the receipts that the node keeps. */
  ListReceipts: {
    kind: Schema.optional(Schema.Literals(["broadcast", "schedule"])),
    schedule: Schema.optional(Schema.String),
    limit: Limit,
    cursor: Schema.optional(Schema.String)
  }
})
export type Question = typeof Question.Type

export const Answer = Schema.TaggedUnion({
  Done: {},
  Clients: { clients: Schema.Array(Schema.Tuple([Schema.String, ClientInfo])) },
  /** More clients than are told. */
  TooManyClients: {},
  /** Different users, those without a name as "". */
  Counted: { numClients: Count, users: Schema.Array(Schema.String) },
  Nodes: { nodes: Schema.Array(NodeInfo) },
  Server: { id: Schema.String },
  Channels: { counts: ChannelCounts },
  /** The node has no such process. */
  UnknownProcess: {},
  Outcome: { parts: Schema.Array(Part) },
  /** Null: there is none. */
  Receipt: { receipt: Schema.NullOr(Receipt) },
  Receipts: { items: Schema.Array(Receipt), cursor: Schema.optional(Schema.String) },
  Unavailable: { detail: Schema.String }
})
export type Answer = typeof Answer.Type

/** By the tag of a question, the tags of what it is answered with where all is well. */
export const answerTags = {
  GetPresence: ["Clients", "TooManyClients"],
  CountPresence: ["Counted"],
  Control: ["Done"],
  TellNodes: ["Nodes"],
  TellChannels: ["Channels"],
  TellServer: ["Server"],
  TellLargest: ["Channels"],
  TellSizes: ["Channels"],
  Emulate: ["Done", "UnknownProcess"],
  Outcome: ["Outcome"],
  Acked: ["Done"],
  GetReceipt: ["Receipt"],
  ListReceipts: ["Receipts"]
} as const satisfies { readonly [Tag in Question["_tag"]]: ReadonlyArray<Answer["_tag"]> }

type Of<Union extends { readonly _tag: string }, Tag extends string> = Extract<Union, { readonly _tag: Tag }>

export type QuestionOf<Tag extends Question["_tag"]> = Of<Question, Tag>
export type AnswerTo<Tag extends Question["_tag"]> = Of<Answer, (typeof answerTags)[Tag][number]>

/** As in services/receipts/receiptNotice.ts. */
const ReceiptNotice = Schema.Struct({
  id: Schema.String,
  acknowledging: Schema.UndefinedOr(
    Schema.Struct({ life: Schema.Number, within: Schema.Number.check(Schema.isGreaterThanOrEqualTo(0)) })
  )
})

/** What a letter has in it. */
export const Message = Schema.TaggedUnion({
  Ask: { id: Count, question: Question },
  /** To a question by its id. */
  Answer: { id: Count, answer: Answer },
  /** A frame for every raw connection of all nodes. */
  Everyone: {
    data: Schema.Uint8Array,
    isBinary: Schema.Boolean,
    /** The receipt that it is a part of. */
    receipt: Schema.UndefinedOr(ReceiptNotice)
  }
})
export type Message = typeof Message.Type

const decode = Schema.decodeUnknownOption(Message)

/** What a letter had in it; undefined where it is none: also a text frame that is no UTF-8, for which clients would end their connections. */
export const messageOf = (value: unknown): Message | undefined => {
  const message = Option.getOrUndefined(decode(value))
  return message?._tag === "Everyone" && !message.isBinary && !isUtf8(message.data) ? undefined : message
}
