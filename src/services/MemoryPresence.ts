/** Presence in the memory of one process, which hears of every subscription of all of them. */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { ClientInfo } from "../protocol/centrifuge/messages.ts"
import { Presence, type PresenceStats } from "./Presence.ts"

/** Clients of a lost process that are taken out in one turn of the event loop: 0.5 ms. */
const DROP_TURN = 1000

/** One client in one channel. */
interface Member {
  readonly node: string
  readonly channel: string
  readonly client: string
  readonly user: string
  readonly info: ClientInfo
}

class ChannelMembers {
  readonly members = new Map<string, Member>()
  /** Clients of each user. */
  readonly users = new Map<string, number>()

  add(member: Member): void {
    this.members.set(member.client, member)
    this.users.set(member.user, (this.users.get(member.user) ?? 0) + 1)
  }

  remove({ client, user }: Member): void {
    this.members.delete(client)
    const clients = this.users.get(user)! - 1
    if (clients === 0) this.users.delete(user)
    else this.users.set(user, clients)
  }
}

export class MemoryPresence {
  readonly #channels = new Map<string, ChannelMembers>()
  readonly #nodes = new Map<string, Set<Member>>()

  add(node: string, channel: string, client: string, info: ClientInfo): void {
    const before = this.#channels.get(channel)?.members.get(client)
    if (before !== undefined) this.#remove(before)
    const member: Member = { node, channel, client, user: info.user ?? "", info }
    getOrMake(this.#channels, channel, () => new ChannelMembers()).add(member)
    getOrMake(this.#nodes, node, () => new Set()).add(member)
  }

  remove(node: string, channel: string, client: string): void {
    const member = this.#channels.get(channel)?.members.get(client)
    if (member?.node === node) this.#remove(member)
  }

  get(channel: string): ReadonlyMap<string, ClientInfo> {
    const found = new Map<string, ClientInfo>()
    for (const { client, info } of this.#channels.get(channel)?.members.values() ?? [])
      found.set(client, info)
    return found
  }

  stats(channel: string): PresenceStats {
    const members = this.#channels.get(channel)
    return { numClients: members?.members.size ?? 0, numUsers: members?.users.size ?? 0 }
  }

  /** Different users; those without a name as "". */
  users(channel: string): Iterable<string> {
    return this.#channels.get(channel)?.users.keys() ?? []
  }

  /** The process' clients, for `forget` one by one. What it adds from now on is not among them. */
  take(node: string): Iterable<Member> {
    const members = this.#nodes.get(node)
    this.#nodes.delete(node)
    return members ?? []
  }

  /** Unless the client is there with another process meanwhile. */
  forget(member: Member): void {
    if (this.#channels.get(member.channel)?.members.get(member.client) === member) this.#remove(member)
  }

  #remove(member: Member): void {
    const members = this.#channels.get(member.channel)!
    members.remove(member)
    if (members.members.size === 0) this.#channels.delete(member.channel)
    const ofNode = this.#nodes.get(member.node)
    ofNode?.delete(member)
    if (ofNode?.size === 0) this.#nodes.delete(member.node)
  }
}

const getOrMake = <K, V>(map: Map<K, V>, key: K, make: () => V): V => {
  const known = map.get(key)
  if (known !== undefined) return known
  const made = make()
  map.set(key, made)
  return made
}

export const asService = (presence: MemoryPresence): Presence["Service"] => ({
  add: (node, channel, client, info) => Effect.sync(() => presence.add(node, channel, client, info)),
  remove: (node, channel, client) => Effect.sync(() => presence.remove(node, channel, client)),
  get: (channel) => Effect.sync(() => presence.get(channel)),
  stats: (channel) => Effect.sync(() => presence.stats(channel)),
  drop: Effect.fnUntraced(function* (node) {
    let inTurn = 0
    for (const member of presence.take(node)) {
      presence.forget(member)
      if (++inTurn % DROP_TURN === 0) yield* Effect.yieldNow
    }
  }, Effect.uninterruptible)
})

export const layerMemory = Layer.sync(Presence, () => asService(new MemoryPresence()))
