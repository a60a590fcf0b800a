/** Who is subscribed to a channel, where it keeps presence. */
import { count, plural } from "../../parts/format.ts"
import { Problem } from "../../parts/Problem.tsx"
import { Table } from "../../parts/Table.tsx"
import type { ApiAnswer } from "../session/ask.ts"
import { useLoaded } from "../useLoaded.ts"
import { NOT_AVAILABLE, PRESENCE_SHOWN, type Present, presenceOf } from "./channelApi.ts"
import { PanelHead } from "./PanelHead.tsx"

const info = (value: unknown) => (value === undefined ? "" : <code>{JSON.stringify(value)}</code>)

const People = ({ people }: { readonly people: ReadonlyArray<Present> }) => (
  <>
    <p class="empty">
      {plural(people.length, "client")}
      {people.length > PRESENCE_SHOWN && `; the first ${count(PRESENCE_SHOWN)} are shown`}
    </p>
    <Table<Present>
      label="Presence"
      rows={people.slice(0, PRESENCE_SHOWN)}
      rowKey={({ client }) => client}
      empty="Nobody is subscribed."
      columns={[
        { title: "Client", kind: "head", cell: ({ client }) => <code>{client}</code> },
        { title: "User", cell: ({ user }) => user || "anonymous" },
        { title: "Of the connection", cell: ({ conn_info }) => info(conn_info) },
        { title: "Of the subscription", cell: ({ chan_info }) => info(chan_info) }
      ]}
    />
  </>
)

const Shown = ({ answer }: { readonly answer: ApiAnswer<ReadonlyArray<Present>> | undefined }) => {
  if (answer === undefined) return <p class="empty">Loading…</p>
  if (answer.isOk) return <People people={answer.result} />
  if (answer.code === NOT_AVAILABLE)
    return <p class="empty">This channel keeps no presence: it is off in the options of its namespace.</p>
  return <Problem text={answer.problem} />
}

export const PresencePanel = ({ channel }: { readonly channel: string }) => {
  const loaded = useLoaded(channel, () => presenceOf(channel))
  return (
    <section class="panel">
      <PanelHead title="Presence" loaded={loaded} />
      <Shown answer={loaded.value} />
    </section>
  )
}
