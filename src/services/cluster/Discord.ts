/**
 * What is wrong among the nodes that are there: those that are configured otherwise than this one, and names that several have.
 *
 * A node that has been started again is known twice until its former life is missed, so a name is shared only when both have been heard for longer
 * than a beat may be on its way.
 */
import type { Beat, KnownNodes } from "./KnownNodes.ts"
import { SHARED_CONFIGURATION } from "./sharedConfiguration.ts"

/** Ticks in which two nodes of one name must both have been heard: at least one whole tick. */
const TICKS_TOGETHER = 2
/** Names in one problem. */
const NAMES_SHOWN = 20

/** Heard from one tick until another one. */
interface Life {
  readonly since: number
  readonly heardAt: number
}

/** Whether any two of them have been there together. */
const isShared = (lives: ReadonlyArray<Life>): boolean => {
  let heardAt = Number.NEGATIVE_INFINITY
  for (const life of [...lives].sort((one, other) => one.since - other.since)) {
    if (Math.min(heardAt, life.heardAt) - life.since >= TICKS_TOGETHER) return true
    heardAt = Math.max(heardAt, life.heardAt)
  }
  return false
}

const shown = (names: ReadonlyArray<string>): string =>
  names.length <= NAMES_SHOWN
    ? names.join(", ")
    : `${names.slice(0, NAMES_SHOWN).join(", ")} and ${names.length - NAMES_SHOWN} more`

const OTHERWISE = `configured otherwise than this one (${SHARED_CONFIGURATION})`
const OWN_NAMES = "each needs a node.name of its own"

export class Discord {
  #said = new Set<string>()

  constructor(
    readonly self: Pick<Beat, "name" | "configuration">,
    readonly known: KnownNodes
  ) {}

  /** In words; empty: nothing is wrong. */
  problems(): ReadonlyArray<string> {
    const [strangers, names] = [this.#strangers(), this.#sharedNames()]
    return [
      ...(strangers.length === 0 ? [] : [`nodes ${OTHERWISE}: ${shown(strangers.map(({ name }) => name))}`]),
      ...(names.length === 0 ? [] : [`several nodes have one name, ${OWN_NAMES}: ${shown(names)}`])
    ]
  }

  /** What was not wrong when this was last asked: a line for each node, and for each name. */
  news(): ReadonlyArray<string> {
    const found = new Map([
      ...this.#strangers().map(({ uid, name }) => [uid, `node ${name} is ${OTHERWISE}`] as const),
      ...this.#sharedNames().map(
        (name) => [`=${name}`, `several nodes are called ${name}: ${OWN_NAMES}`] as const
      )
    ])
    const before = this.#said
    this.#said = new Set(found.keys())
    return [...found].filter(([key]) => !before.has(key)).map(([, text]) => text)
  }

  #strangers(): ReadonlyArray<Beat> {
    const { configuration } = this.self
    const beats = [...this.known.nodes.values()].map(({ beat }) => beat)
    return beats.filter((beat) => beat.configuration !== undefined && beat.configuration !== configuration)
  }

  #sharedNames(): ReadonlyArray<string> {
    const lives = new Map<string, Array<Life>>([[this.self.name, [{ since: 0, heardAt: this.known.ticks }]]])
    for (const known of this.known.nodes.values()) {
      const same = lives.get(known.beat.name)
      if (same === undefined) lives.set(known.beat.name, [known])
      else same.push(known)
    }
    return [...lives].filter(([, same]) => same.length > 1 && isShared(same)).map(([name]) => name)
  }
}
