import { count, milliseconds, moment } from "../../parts/format.ts"
import { Table } from "../../parts/Table.tsx"
import { hashOf } from "../routes.ts"
import { channelsText, type Receipt } from "./receipt.ts"

export const ReceiptTable = ({ receipts, empty }: { receipts: ReadonlyArray<Receipt>; empty: string }) => (
  <Table<Receipt>
    label="Receipts"
    rows={receipts}
    rowKey={({ id }) => id}
    empty={empty}
    narrow="flow"
    columns={[
      {
        title: "Published",
        kind: "head",
        cell: ({ id, publishedAt }) => <a href={hashOf("receipts", id)}>{moment(publishedAt)}</a>
      },
      { title: "Of", kind: "short", cell: ({ kind }) => (kind === "broadcast" ? "broadcast" : "schedule") },
      {
        title: "To",
        kind: "name",
        cell: ({ channels, channelCount }) => channelsText(channels, channelCount)
      },
      { title: "Connections", kind: "number", cell: ({ eligible }) => count(eligible) },
      { title: "Written", kind: "number", cell: ({ written }) => count(written) },
      {
        title: "Dropped",
        kind: "number",
        cell: ({ dropped }) => <span class={dropped > 0 ? "bad" : undefined}>{count(dropped)}</span>
      },
      { title: "Closed first", kind: "number", cell: ({ closed }) => count(closed) },
      {
        title: "Time to last write",
        kind: "number",
        cell: ({ timeToLastWriteMs }) => milliseconds(timeToLastWriteMs)
      },
      {
        title: "State",
        kind: "short",
        cell: ({ isComplete }) => (isComplete ? "complete" : <span class="warn">under way</span>)
      }
    ]}
  />
)
