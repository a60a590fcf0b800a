/** Ways in which a cluster can break its word, each put into a correct history: what the checker has to find. */
import type { AnomalyKind } from "./checks/Anomaly.ts"
import { runOf } from "./checks/schedules.ts"
import type { EventOf, EventType, History, HistoryEvent, Position } from "./History.ts"

type Events = ReadonlyArray<HistoryEvent>
/** The events with the fault in them; undefined where there is no place for it. `which` chooses among the places. */
export type Plant = (events: Events, which: number) => Events | undefined

interface Found<T extends EventType> {
  readonly index: number
  readonly event: EventOf<T>
}

const all = <T extends EventType>(
  events: Events,
  type: T,
  fits: (event: EventOf<T>, index: number) => boolean = () => true
): ReadonlyArray<Found<T>> =>
  events.flatMap((event, index) =>
    event.type === type && fits(event as unknown as EventOf<T>, index)
      ? [{ index, event: event as unknown as EventOf<T> }]
      : []
  )

/** One of the places. */
const at =
  <A>(places: (events: Events) => ReadonlyArray<A>, plant: (place: A, events: Events) => Events): Plant =>
  (events, which) => {
    const found = places(events)
    return found.length === 0 ? undefined : plant(found[which % found.length]!, events)
  }

const without = ({ index }: { readonly index: number }, events: Events): Events => events.toSpliced(index, 1)
const replaced = (events: Events, index: number, event: HistoryEvent): Events =>
  events.toSpliced(index, 1, event)
const inserted = (events: Events, index: number, event: HistoryEvent): Events =>
  events.toSpliced(index, 0, event)

const acknowledged = (events: Events): ReadonlySet<string> => {
  const ops = new Set(all(events, "ok").map(({ event }) => event.op))
  return new Set(all(events, "invoke", ({ op }) => ops.has(op)).map(({ event }) => event.payload))
}

const delivered =
  (fits: (event: EventOf<"delivered">, acknowledged: ReadonlySet<string>) => boolean) => (events: Events) => {
    const known = acknowledged(events)
    return all(events, "delivered", (event) => fits(event, known))
  }

/** The next delivery to the same client in the same channel, with no subscription between. */
const follower = (events: Events, { index, event }: Found<"delivered">): Found<"delivered"> | undefined => {
  for (let next = index + 1; next < events.length; next++) {
    const one = events[next]!
    if (!("client" in one) || one.client !== event.client || one.channel !== event.channel) continue
    return one.type === "delivered" ? { index: next, event: one } : undefined
  }
  return undefined
}

/** Payloads change places, wherever they are told of. */
const exchanged = (events: Events, one: string, other: string): Events => {
  const swap = (payload: string) => (payload === one ? other : payload === other ? one : payload)
  const opsOf = (payload: string) =>
    new Set(all(events, "invoke", (event) => event.payload === payload).map(({ event }) => event.op))
  const [ops, others] = [opsOf(one), opsOf(other)]
  const ackOf = (among: ReadonlySet<number>) =>
    all(events, "ok", ({ op }) => among.has(op))[0]!.event.position
  const [position, otherPosition] = [ackOf(ops), ackOf(others)]
  return events.map((event) => {
    if (event.type === "delivered") return { ...event, payload: swap(event.payload) }
    if (event.type === "read")
      return { ...event, entries: event.entries.map((e) => ({ ...e, payload: swap(e.payload) })) }
    if (event.type !== "ok") return event
    if (ops.has(event.op)) return { ...event, position: otherPosition }
    return others.has(event.op) ? { ...event, position } : event
  })
}

/** Acknowledged in one channel, the second asked for after the first was acknowledged. */
const inTurn = (events: Events): ReadonlyArray<readonly [string, string]> => {
  const acks = new Map(all(events, "ok").map(({ index, event }) => [event.op, index]))
  const done = all(events, "invoke", ({ op }) => acks.has(op)).filter(
    ({ event }) => all(events, "invoke", ({ payload }) => payload === event.payload).length === 1
  )
  return done.flatMap((first) =>
    done
      .filter(
        ({ index, event }) => event.channel === first.event.channel && index > acks.get(first.event.op)!
      )
      .slice(0, 1)
      .map(({ event }) => [first.event.payload, event.payload] as const)
  )
}

const finalReads = (events: Events): ReadonlyArray<Found<"read">> => {
  const settled = events.findLastIndex(({ type }) => type === "settled")
  return all(events, "read", ({ entries }, index) => index > settled && entries.length > 1)
}

/** Those whose last entry was acknowledged. */
const readsOfKnown = (events: Events): ReadonlyArray<Found<"read">> => {
  const known = acknowledged(events)
  return finalReads(events).filter(({ event }) => known.has(event.entries.at(-1)!.payload))
}

const shifted = (position: Position): Position => ({ ...position, offset: position.offset + 1 })
const never = "what nobody has published"

const isAcknowledged = ({ payload }: EventOf<"delivered">, known: ReadonlySet<string>) => known.has(payload)
const isRun = ({ payload }: EventOf<"delivered">) => runOf(payload) !== undefined

export const plants: ReadonlyArray<readonly [name: string, kind: AnomalyKind, plant: Plant]> = [
  ["an acknowledged publication does not come", "lost", at(delivered(isAcknowledged), without)],
  [
    "an acknowledged publication is not in a history",
    "lost",
    at(
      (events) => {
        const known = acknowledged(events)
        return finalReads(events).filter(({ event }) =>
          event.entries.slice(1).some(({ payload }) => known.has(payload))
        )
      },
      ({ index, event }, events) => {
        const known = acknowledged(events)
        const gone = event.entries.findLastIndex(({ payload }) => known.has(payload))
        return replaced(events, index, { ...event, entries: event.entries.toSpliced(gone, 1) })
      }
    )
  ],
  [
    "what was not acknowledged does not come, and what is behind it does",
    "gap",
    at(
      delivered((event, known) => !isAcknowledged(event, known)),
      without
    )
  ],
  [
    "a publication comes twice in a row",
    "duplicate",
    at(
      delivered(() => true),
      ({ index, event }, events) => inserted(events, index, event)
    )
  ],
  [
    "a publication comes again much later, at another offset",
    "duplicate",
    at(
      delivered(() => true),
      ({ event }, events) => [...events, { ...event, offset: event.offset + 100_000 }]
    )
  ],
  [
    "two publications come in the wrong order",
    "reorder",
    at(
      (events) => all(events, "delivered").filter((found) => follower(events, found) !== undefined),
      (first, events) => {
        const second = follower(events, first)!
        return replaced(replaced(events, first.index, second.event), second.index, first.event)
      }
    )
  ],
  [
    "something comes that nobody published",
    "invented",
    at(
      delivered(() => true),
      ({ index, event }, events) => replaced(events, index, { ...event, payload: never })
    )
  ],
  [
    "something comes before it was published",
    "invented",
    at(
      delivered((event) => !isRun(event)),
      ({ index, event }, events) => {
        const first = all(events, "invoke", ({ payload }) => payload === event.payload)[0]!.index
        return inserted(events.toSpliced(index, 1), first, event)
      }
    )
  ],
  [
    "something comes that was refused",
    "refused",
    at(
      (events) =>
        all(events, "ok", ({ op }) => {
          const { payload } = all(events, "invoke", (one) => one.op === op)[0]!.event
          const tries = all(events, "invoke", (one) => one.payload === payload).length
          return tries === 1 && all(events, "delivered", (one) => one.payload === payload).length > 0
        }),
      ({ index, event: { at, op } }, events) => replaced(events, index, { type: "fail", at, op, error: "no" })
    )
  ],
  [
    "two publications have one position",
    "conflict",
    at(readsOfKnown, ({ index, event }, events) =>
      replaced(events, index, {
        ...event,
        entries: event.entries.with(-1, { ...event.entries.at(-1)!, payload: never })
      })
    )
  ],
  [
    "an acknowledgement tells another position",
    "doubled",
    at(
      (events) =>
        all(events, "ok", ({ op }) => {
          const { payload } = all(events, "invoke", (one) => one.op === op)[0]!.event
          return all(events, "delivered", (one) => one.payload === payload).length > 0
        }),
      ({ index, event }, events) => replaced(events, index, { ...event, position: shifted(event.position) })
    )
  ],
  [
    "a later publication stands before an earlier one",
    "misordered",
    at(inTurn, ([one, other], events) => exchanged(events, one, other))
  ],
  [
    "a read does not know what was acknowledged",
    "stale",
    at(readsOfKnown, ({ index, event }, events) => {
      const position = { ...event.position, offset: event.position.offset - 1 }
      const asked = event.asked + 1
      return replaced(events, index, { ...event, asked, position, entries: event.entries.slice(0, -1) })
    })
  ],
  [
    "a client is told a position that is not reached",
    "beyond",
    at(
      (events) => all(events, "subscribed"),
      ({ index, event }, events) => {
        const position = { ...event.position, offset: event.position.offset + 100_000 }
        return replaced(events, index, { ...event, position })
      }
    )
  ],
  [
    "a recovered client is in another stream",
    "epoch",
    at(
      (events) => all(events, "subscribed", ({ recovered }) => recovered),
      ({ index, event }, events) =>
        replaced(events, index, { ...event, position: { ...event.position, epoch: "another" } })
    )
  ],
  [
    "a stream begins anew",
    "epoch",
    // Of a channel of which nothing else is known nobody can tell.
    at(readsOfKnown, ({ index, event }, events) =>
      replaced(events, index, { ...event, position: { ...event.position, epoch: "another" } })
    )
  ],
  [
    "a client is told that it cannot recover",
    "unrecovered",
    at(
      (events) => all(events, "subscribed", ({ recovered }) => recovered),
      ({ index, event }, events) => replaced(events, index, { ...event, recovered: false })
    )
  ],
  [
    "a subscription ends",
    "ended",
    at(
      (events) => all(events, "subscribed"),
      ({ event: { at, client, channel } }, events) => [
        ...events,
        { type: "ended", at, client, channel, reason: "3500" }
      ]
    )
  ],
  [
    "a due time has no run",
    "missed run",
    at(delivered(isRun), ({ event: { payload } }, events) =>
      events
        .filter((event) => event.type !== "delivered" || event.payload !== payload)
        .map((event) =>
          event.type === "read"
            ? { ...event, entries: event.entries.filter((entry) => entry.payload !== payload) }
            : event
        )
    )
  ],
  [
    "a run is published again",
    "doubled run",
    at(delivered(isRun), ({ event }, events) => [...events, { ...event, offset: event.offset + 100_000 }])
  ],
  [
    "a run has two records",
    "doubled run",
    at(
      (events) => all(events, "runs", ({ runs }) => runs.length > 0),
      ({ index, event }, events) =>
        replaced(events, index, { ...event, runs: [...event.runs, event.runs[0]!] })
    )
  ],
  [
    "a run is published before it is due",
    "early run",
    at(delivered(isRun), ({ index, event }, events) =>
      replaced(events, index, { ...event, at: runOf(event.payload)!.due - 1 })
    )
  ],
  [
    "a run is published too late after a fault",
    "late run",
    at(delivered(isRun), ({ event: { payload } }, events) => {
      const lost = { type: "fault", at: 0, does: "a node is lost", runsWithinMs: 5000 } as const
      const isItself = (event: HistoryEvent) => event.type === "delivered" && event.payload === payload
      return [
        lost,
        ...events
          .filter(({ type }) => type !== "fault")
          .map((event) => (isItself(event) ? { ...event, at: event.at + 5001 } : event))
      ]
    })
  ],
  [
    "a run is published that is not due",
    "unasked run",
    at(delivered(isRun), ({ index, event }, events) => {
      const { id, due } = runOf(event.payload)!
      return replaced(events, index, { ...event, payload: `run ${id} ${due + 1}` })
    })
  ]
]

export const planted = (history: History, plant: Plant, which: number): History | undefined => {
  const events = plant(history.events, which)
  return events === undefined ? undefined : { ...history, events }
}
