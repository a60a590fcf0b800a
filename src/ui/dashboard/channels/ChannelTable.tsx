import { count } from "../../parts/format.ts"
import { Table } from "../../parts/Table.tsx"
import { hashOf } from "../routes.ts"
import type { Found } from "./channelApi.ts"

export interface Listed extends Found {
  /** Absent where it was not told. */
  readonly hasPresence?: boolean
  readonly hasHistory?: boolean
}

const kept = ({ hasPresence, hasHistory }: Listed): string =>
  [hasPresence && "presence", hasHistory && "history"].filter(Boolean).join(", ")

export const ChannelTable = ({ channels, empty }: { channels: ReadonlyArray<Listed>; empty: string }) => {
  const isTold = channels.some(({ hasPresence }) => hasPresence !== undefined)
  return (
    <Table<Listed>
      label="Channels"
      rows={channels}
      rowKey={({ channel }) => channel}
      empty={empty}
      narrow="flow"
      columns={[
        {
          title: "Channel",
          kind: "head",
          cell: ({ channel }) => <a href={hashOf("channels", channel)}>{channel}</a>
        },
        { title: "Subscribers", kind: "number", cell: ({ subscribers }) => count(subscribers) },
        ...(isTold ? [{ title: "Has", cell: kept }] : [])
      ]}
    />
  )
}
