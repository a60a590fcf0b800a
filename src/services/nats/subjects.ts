/**
 * Subjects: how channels and nodes are named at NATS. Tokens of a subject are separated by dots, and may hold any character but spaces, `.`, `*`
 * and `>` (https://docs.nats.io/nats-concepts/subjects).
 */

/** What stands for itself in a token. */
const OTHERS = /[^A-Za-z0-9_:#@/=+-]/gu
const ESCAPED = /~([0-9a-f]+)~/g

const escape = (character: string): string => `~${character.codePointAt(0)!.toString(16)}~`

/** Any text, of at least one character, as one token: what may not stand in one, and `~`, as `~<code point in hex>~`. */
export const tokenOf = (text: string): string => text.replace(OTHERS, escape)

/** The text of a token; what `tokenOf` has not made comes back somehow. */
export const textOfToken = (token: string): string =>
  token.replace(ESCAPED, (whole, hex: string) => {
    const point = Number.parseInt(hex, 16)
    return point <= 0x10ffff ? String.fromCodePoint(point) : whole
  })

/** All subjects and names of one cluster of nodes. */
export class Subjects {
  /** @param prefix `broker.nats.prefix` */
  constructor(readonly prefix: string) {}

  /** What happens in a channel now: those who are subscribed to it listen here. */
  live(channel: string): string {
    return `${this.prefix}.live.${tokenOf(channel)}`
  }

  /** The same of the channel that stands in place of the wildcard in `historyPattern` and `oncePattern`, for a stream's `republish`. */
  get liveOfWildcard(): string {
    return `${this.prefix}.live.{{wildcard(1)}}`
  }

  /** The stream that keeps the histories of a namespace's channels; "" is the namespace without a name. */
  historyStream(namespace: string): string {
    return `${this.prefix}_history_${namespace === "" ? "~" : tokenOf(namespace).replaceAll("/", "~2f~")}`
  }

  /** Where the publications of a channel are written down. `historyPattern` is all of a namespace. */
  history(namespace: string, channel: string): string {
    return `${this.#historyOf(namespace)}.${tokenOf(channel)}`
  }

  historyPattern(namespace: string): string {
    return `${this.#historyOf(namespace)}.*`
  }

  #historyOf(namespace: string): string {
    return `${this.prefix}.history.${namespace === "" ? "~" : tokenOf(namespace)}`
  }

  /** The stream of publications that have an idempotency key, and no history. */
  get onceStream(): string {
    return `${this.prefix}_once`
  }

  once(channel: string): string {
    return `${this.prefix}.once.${tokenOf(channel)}`
  }

  get oncePattern(): string {
    return `${this.prefix}.once.*`
  }

  /** The stream of idempotency keys, where several servers keep histories. */
  get keyStream(): string {
    return `${this.prefix}_keys`
  }

  /** @param id of a channel and a key, a token */
  key(id: string): string {
    return `${this.prefix}.key.${id}`
  }

  get keyPattern(): string {
    return `${this.prefix}.key.*`
  }

  /** Questions and commands to one node, and to all of them. */
  node(uid: string): string {
    return `${this.prefix}.node.${tokenOf(uid)}`
  }

  /** Where a node is asked to let others write a channel. */
  turn(uid: string): string {
    return `${this.prefix}.turn.${tokenOf(uid)}`
  }

  get nodes(): string {
    return `${this.prefix}.nodes`
  }

  /** Where nodes say that they are there. */
  get beats(): string {
    return `${this.prefix}.beats`
  }

  /** Where they say so to one node that asks for it. */
  beatsTo(uid: string): string {
    return `${this.prefix}.beats.${tokenOf(uid)}`
  }

  /** Where each write of the lease of the leading node is told. */
  get leases(): string {
    return `${this.prefix}.leases`
  }

  /** The stream of runs of schedules that are over. */
  get scheduleRuns(): string {
    return `${this.prefix}_schedule_runs`
  }

  scheduleRun(schedule: string): string {
    return `${this.prefix}.schedule_runs.${tokenOf(schedule)}`
  }

  get scheduleRunsPattern(): string {
    return `${this.prefix}.schedule_runs.*`
  }

  /** The bucket of schedules, and where each write of it is told. */
  get schedules(): string {
    return `${this.prefix}_schedules`
  }

  get scheduleWrites(): string {
    return `${this.prefix}.schedule_writes`
  }
}
