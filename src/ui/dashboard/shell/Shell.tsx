/** What is around every view: where one is, where one can go, and how the connection to the server is. */
import { useEffect, useRef } from "preact/hooks"
import type { AdminSession } from "../../../protocol/dashboard.ts"
import { SchemeSwitch } from "../../parts/SchemeSwitch.tsx"
import { ActorsView } from "../actors/ActorsView.tsx"
import { ChannelsView } from "../channels/ChannelsView.tsx"
import { forgetDrafts } from "../drafts.ts"
import { OverviewView } from "../overview/OverviewView.tsx"
import { PublishView } from "../publish/PublishView.tsx"
import { ReceiptsView } from "../receipts/ReceiptsView.tsx"
import { hashOf, type Route, type View, views } from "../routes.ts"
import { SchedulesView } from "../schedules/SchedulesView.tsx"
import { logOut } from "../session/session.ts"
import { SlowView } from "../slow/SlowView.tsx"
import { useRoute } from "../useRoute.ts"
import { LinkState } from "./LinkState.tsx"
import { Notices } from "./Notices.tsx"

const titles: Readonly<Record<View, string>> = {
  overview: "Overview",
  actors: "Actors",
  channels: "Channels",
  schedules: "Schedules",
  receipts: "Receipts",
  slow: "Slow consumers",
  publish: "Publish"
}

const open = ({ view, item, query }: Route) => {
  switch (view) {
    case "overview":
      return <OverviewView />
    case "actors":
      return <ActorsView />
    case "channels":
      return <ChannelsView channel={item} pattern={query.pattern ?? ""} />
    case "schedules":
      return <SchedulesView item={item} isNew={query.create !== undefined} />
    case "receipts":
      return <ReceiptsView id={item} />
    case "slow":
      return <SlowView />
    case "publish":
      return <PublishView />
  }
}

const Navigation = ({ view }: { readonly view: View }) => (
  <nav aria-label="Views">
    {views.map((one) => (
      <a key={one} href={hashOf(one)} aria-current={one === view ? "page" : undefined}>
        {titles[one]}
      </a>
    ))}
  </nav>
)

const NEW = "New schedule"

const nameOf = ({ view, item, query }: Route): string =>
  item ?? (view === "schedules" && query.create !== undefined ? NEW : titles[view])

const Title = ({ route }: { readonly route: Route }) => {
  const name = nameOf(route)
  const list = titles[route.view]
  return (
    <div>
      {name !== list && <a href={hashOf(route.view)}>{list}</a>}
      <h1>{name}</h1>
    </div>
  )
}

const leave = async () => {
  const answer = await logOut()
  if (answer.isOk) forgetDrafts()
}

export const Shell = ({ session }: { readonly session: AdminSession }) => {
  const route = useRoute()
  const main = useRef<HTMLElement>(null)
  const isFirst = useRef(true)
  useEffect(() => {
    document.title = `${nameOf(route)} · Clarion`
    // Whoever follows a link is then where it leads; whoever loads the page is at its beginning.
    if (!isFirst.current) main.current!.focus()
    isFirst.current = false
    scrollTo(0, 0)
  }, [route.view, nameOf(route)])
  const skip = (event: Event) => {
    event.preventDefault()
    main.current!.focus()
  }
  return (
    <div class="shell">
      {/* biome-ignore lint/a11y/useValidAnchor: it leads to a place in this page; the address says which view is open */}
      <a class="skip" href="#main" onClick={skip}>
        Skip to the view
      </a>
      <header>
        <a class="name" href={hashOf("overview")} title={`Clarion ${session.version}`}>
          Clarion
        </a>
        <Navigation view={route.view} />
        <div class="tools">
          <LinkState />
          <SchemeSwitch />
          <button type="button" onClick={leave}>
            Log out
          </button>
        </div>
      </header>
      <Notices />
      <main id="main" ref={main} tabIndex={-1}>
        <Title route={route} />
        {open(route)}
      </main>
    </div>
  )
}
