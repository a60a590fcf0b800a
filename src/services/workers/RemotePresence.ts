/** Presence as a worker sees it: it is in the primary, and is asked there. */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { Presence, TooManyClients } from "../Presence.ts"
import type { PrimaryAsker } from "./PrimaryAsker.ts"

export const remotePresence = (asker: PrimaryAsker): Presence["Service"] => ({
  add: (node, channel, client, info) =>
    Effect.asVoid(asker.ask({ _tag: "AddPresence", node, channel, client, info })),
  remove: (node, channel, client) =>
    Effect.asVoid(asker.ask({ _tag: "RemovePresence", node, channel, client })),
  get: (channel) =>
    Effect.flatMap(asker.ask({ _tag: "GetPresence", channel }), (answer) =>
      answer._tag === "TooManyClients"
        ? Effect.fail(new TooManyClients({ detail: answer.detail }))
        : Effect.succeed(new Map(answer.clients))
    ),
  stats: (channel) =>
    Effect.map(asker.ask({ _tag: "CountPresence", channel }), ({ numClients, numUsers }) => ({
      numClients,
      numUsers
    })),
  // Asked by nobody in a worker: the primary drops the clients of a worker that it has lost.
  drop: (node) => Effect.ignore(asker.ask({ _tag: "DropPresence", node }))
})

export const layer = (asker: PrimaryAsker) => Layer.succeed(Presence, remotePresence(asker))
