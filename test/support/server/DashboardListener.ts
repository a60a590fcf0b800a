/** Hears a channel of the dashboard inside a server of the test, as a shard would that has a subscriber. */
import * as Effect from "effect/Effect"
import { onTestFinished } from "vitest"
import { type DashboardTopic, dashboardChannels } from "../../../src/protocol/dashboard.ts"
import { Hub, type HubMember } from "../../../src/services/Hub.ts"
import { Heard } from "./Heard.ts"
import type { Served } from "./serve.ts"

export class DashboardListener<A> {
  readonly states = new Heard<A>()
  readonly #member: HubMember = {
    size: 0,
    offer: ({ data, delivery }) => {
      delivery.add(0, 0, 0, Number.NaN, Number.NaN)
      this.states.add(JSON.parse(Buffer.from(data).toString()) as A)
      return true
    }
  }

  constructor(
    readonly hub: Hub["Service"],
    readonly topic: DashboardTopic
  ) {
    this.listen()
    onTestFinished(() => this.leave())
  }

  listen(): void {
    this.hub.listen(dashboardChannels[this.topic], this.#member)
  }

  leave(): void {
    this.hub.ignore(dashboardChannels[this.topic], this.#member)
  }

  /** The next state that fits, of those to come. */
  next(fits?: (state: A) => boolean): Promise<A> {
    return this.states.next(fits)
  }
}

export const listenTo = async <A>(server: Served, topic: DashboardTopic): Promise<DashboardListener<A>> =>
  new DashboardListener(await server.runtime.runPromise(Effect.map(Hub, (hub) => hub)), topic)
