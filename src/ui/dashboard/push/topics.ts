/**
 * What the server pushes, by topic. A topic is subscribed to while a view that shows it is open and the page can be seen; the newest state
 * comes with the subscription, and stays when it ends.
 */
import type { Subscription } from "centrifuge"
import {
  type Actors,
  type ChannelsState,
  type DashboardTopic,
  dashboardChannels,
  type Overview,
  type ReceiptsState,
  type SchedulesState,
  type SlowState
} from "../../../protocol/dashboard.ts"
import { type Cell, cell } from "../../parts/cell.ts"
import { client, token } from "./link.ts"
import { isVisible } from "./visibility.ts"

export interface TopicStates {
  readonly overview: Overview
  readonly actors: Actors
  readonly channels: ChannelsState
  readonly schedules: SchedulesState
  readonly receipts: ReceiptsState
  readonly slow: SlowState
}

interface Listening {
  readonly state: Cell<unknown>
  /** Why nothing comes, where the server said so. */
  readonly problem: Cell<string | undefined>
  listeners: number
  subscription: Subscription | undefined
}

const all = Object.fromEntries(
  Object.keys(dashboardChannels).map((topic) => [
    topic,
    {
      state: cell<unknown>(undefined),
      problem: cell<string | undefined>(undefined),
      listeners: 0,
      subscription: undefined
    }
  ])
) as unknown as Readonly<Record<DashboardTopic, Listening>>

export const stateOf = <T extends DashboardTopic>(topic: T): Cell<TopicStates[T] | undefined> =>
  all[topic].state as Cell<TopicStates[T] | undefined>

export const problemOf = (topic: DashboardTopic): Cell<string | undefined> => all[topic].problem

/** Asking for what came after nothing: the newest state comes with the subscription. */
const BEGINNING = { offset: 0, epoch: "" }

const subscribe = (topic: DashboardTopic, listening: Listening) => {
  const channel = dashboardChannels[topic]
  const subscription = client.newSubscription(channel, {
    getToken: () => token({ channel }),
    since: BEGINNING,
    delta: "fossil"
  })
  subscription.on("publication", ({ data }) => listening.state.set(data))
  subscription.on("subscribed", () => listening.problem.set(undefined))
  subscription.on("unsubscribed", ({ code, reason }) => {
    // 0 is our own doing. Else the server will not have it now; after the next connection it is asked again.
    if (code === 0) return
    listening.problem.set(`The server ended this view's data: ${reason}.`)
    listening.subscription = undefined
    client.removeSubscription(subscription)
  })
  subscription.subscribe()
  return subscription
}

const end = (listening: Listening) => {
  const { subscription } = listening
  if (subscription === undefined) return
  listening.subscription = undefined
  subscription.unsubscribe()
  client.removeSubscription(subscription)
}

/** Subscribed where somebody listens and sees, else not. */
const settle = (topic: DashboardTopic) => {
  const listening = all[topic]
  const isWanted = listening.listeners > 0 && isVisible.get()
  if (!isWanted) end(listening)
  else if (listening.subscription === undefined) listening.subscription = subscribe(topic, listening)
}

const settleAll = () => {
  for (const topic of Object.keys(all) as Array<DashboardTopic>) settle(topic)
}

/** A subscription keeps its token, which a server that was restarted with another key refuses: each connection has new ones. */
const endAll = () => {
  for (const listening of Object.values(all)) end(listening)
}

isVisible.watch(settleAll)
client.on("connecting", endAll)
client.on("disconnected", endAll)
client.on("connected", settleAll)

/** @returns ends it */
export const listen = (topic: DashboardTopic): (() => void) => {
  all[topic].listeners++
  settle(topic)
  return () => {
    all[topic].listeners--
    settle(topic)
  }
}
