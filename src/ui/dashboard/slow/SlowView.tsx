/** Connections that took too little of what was sent to them, and what became of them. */
import { bytes, count, moment, plural } from "../../parts/format.ts"
import { Table } from "../../parts/Table.tsx"
import { TopicProblem } from "../push/TopicProblem.tsx"
import { useTopic } from "../push/useTopic.ts"

const outcomes = { closed: "closed", dropped: "messages dropped" } as const

export const SlowView = () => {
  const slow = useTopic("slow")
  return (
    <>
      <TopicProblem topic="slow" />
      {slow === undefined ? (
        <p class="empty">Waiting for the list…</p>
      ) : (
        <>
          <p hidden={slow.total === 0}>
            {plural(slow.total, "time")} since the server started, a connection took too little of what was
            sent to it.
            {slow.total > slow.shown.length && ` The newest ${count(slow.shown.length)} that are known:`}
          </p>
          <section class="panel" aria-label="Slow consumers">
            <Table
              label="Slow consumers"
              rows={slow.shown}
              rowKey={({ at, process, address, client }) => `${at} ${process} ${address} ${client}`}
              empty="No connection has been too slow."
              columns={[
                { title: "When", kind: "head", cell: ({ at }) => moment(at) },
                { title: "Address", kind: "name", cell: ({ address }) => address },
                { title: "Client", kind: "name", cell: ({ client }) => client ?? "raw connection" },
                { title: "User", kind: "name", cell: ({ user }) => user ?? "" },
                { title: "Process", kind: "short", cell: ({ process }) => process },
                { title: "Waiting for it", kind: "number", cell: ({ waitingBytes }) => bytes(waitingBytes) },
                { title: "What became of it", kind: "short", cell: ({ outcome }) => outcomes[outcome] }
              ]}
            />
          </section>
        </>
      )}
    </>
  )
}
