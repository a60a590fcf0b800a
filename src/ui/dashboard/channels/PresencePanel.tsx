/** Who is subscribed to a channel, where it keeps presence. */
import { useState } from "preact/hooks"
import { count, plural } from "../../parts/format.ts"
import { Problem } from "../../parts/Problem.tsx"
import { type Column, Table } from "../../parts/Table.tsx"
import type { ApiAnswer } from "../session/ask.ts"
import type { Loaded } from "../useLoaded.ts"
import { NOT_AVAILABLE, PRESENCE_SHOWN, type Present } from "./channelApi.ts"
import { PanelHead } from "./PanelHead.tsx"

/** Clients that are shown without being asked for more. */
const FEW = 10

const info = (value: unknown) => (value === undefined ? "" : <code>{JSON.stringify(value)}</code>)

/** What clients and subscriptions tell of themselves has columns where any does. */
const columnsOf = (people: ReadonlyArray<Present>): ReadonlyArray<Column<Present>> => [
  { title: "Client", kind: "head", cell: ({ client }) => <code>{client}</code> },
  { title: "User", kind: "name", cell: ({ user }) => user || "anonymous" },
  ...(people.some(({ conn_info }) => conn_info !== undefined)
    ? [
        {
          title: "Of the connection",
          kind: "name" as const,
          cell: ({ conn_info }: Present) => info(conn_info)
        }
      ]
    : []),
  ...(people.some(({ chan_info }) => chan_info !== undefined)
    ? [
        {
          title: "Of the subscription",
          kind: "name" as const,
          cell: ({ chan_info }: Present) => info(chan_info)
        }
      ]
    : [])
]

const People = ({ people }: { readonly people: ReadonlyArray<Present> }) => {
  const [isWhole, setWhole] = useState(false)
  const shown = people.slice(0, isWhole ? PRESENCE_SHOWN : FEW)
  const hidden = Math.min(people.length, PRESENCE_SHOWN) - shown.length
  return (
    <>
      <p class="empty" hidden={people.length === 0}>
        {plural(people.length, "client")}
        {people.length > PRESENCE_SHOWN && `, of which ${count(PRESENCE_SHOWN)} can be shown`}
      </p>
      <Table<Present>
        label="Presence"
        rows={shown}
        rowKey={({ client }) => client}
        empty="Nobody is subscribed."
        columns={columnsOf(people)}
      />
      {hidden > 0 && (
        <div class="body">
          <div class="buttons">
            <button type="button" onClick={() => setWhole(true)}>
              Show {count(hidden)} more
            </button>
          </div>
        </div>
      )}
    </>
  )
}

type PresenceAnswer = ApiAnswer<ReadonlyArray<Present>>

const Shown = ({ answer }: { readonly answer: PresenceAnswer | undefined }) => {
  if (answer === undefined) return <p class="empty">Loading…</p>
  if (answer.isOk) return <People people={answer.result} />
  if (answer.code === NOT_AVAILABLE)
    return <p class="empty">This channel keeps no presence: it is off in the options of its namespace.</p>
  return <Problem text={answer.problem} />
}

export const PresencePanel = ({ loaded }: { readonly loaded: Loaded<PresenceAnswer> }) => (
  <section class="panel">
    <PanelHead title="Presence" loaded={loaded} />
    <Shown answer={loaded.value} />
  </section>
)
