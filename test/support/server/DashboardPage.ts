/** A page that is logged in, as far as the server sees it: hears the channels of the dashboard by SDK, over a socket, with deltas. */
import { type DashboardTopic, dashboardChannels } from "../../../src/protocol/dashboard.ts"
import { Visitor } from "../admin/Visitor.ts"
import { Sdk, type Subscribed } from "../centrifuge/sdk.ts"
import { Heard } from "./Heard.ts"

/** The states of one channel. */
export class States<A> {
  readonly heard = new Heard<A>()

  constructor(readonly subscribed: Subscribed) {
    // What came with the subscription, too.
    void subscribed.publications.until((all) => {
      for (const { data } of all.slice(this.heard.all.length)) this.heard.add(data as A)
      return false
    })
  }

  /** The next that fits, of those to come. */
  next(fits?: (state: A) => boolean): Promise<A> {
    return this.heard.next(fits)
  }
}

export class DashboardPage {
  constructor(
    readonly visitor: Visitor,
    readonly sdk: Sdk
  ) {}

  async subscribe<A>(topic: DashboardTopic): Promise<States<A>> {
    const getToken = ({ channel }: { readonly channel: string }) => this.visitor.token(channel)
    return new States(await this.sdk.subscribe(dashboardChannels[topic], { getToken, delta: "fossil" }))
  }
}

export const openPage = async (port: number, apiKey: string): Promise<DashboardPage> => {
  const visitor = new Visitor(port)
  await visitor.logIn({ apiKey })
  return new DashboardPage(visitor, await new Sdk(port, { getToken: () => visitor.token() }).connect())
}
