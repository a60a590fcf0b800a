/** What became of a publication, as far as it is known by now. */
import { count, milliseconds, moment, percent } from "../../parts/format.ts"
import { Table } from "../../parts/Table.tsx"
import { type Tile, Tiles } from "../../parts/Tiles.tsx"
import type { Counts, Receipt } from "./receipt.ts"

const tilesOf = (receipt: Receipt): ReadonlyArray<Tile> => {
  const { eligible, written, dropped, closed, drops, lost, acked, timeToLastWriteMs } = receipt
  return [
    {
      name: "State",
      value: receipt.isComplete ? "Complete" : "Under way",
      more: `published ${moment(receipt.publishedAt)}`,
      tone: receipt.isComplete ? "good" : "warn"
    },
    {
      name: "Connections",
      value: count(eligible),
      more: lost > 0 ? `${count(lost)} more were lost with a worker` : "that it was for"
    },
    {
      name: "Written",
      value: count(written),
      more: eligible > 0 ? percent(written / eligible) : "nobody was there"
    },
    {
      name: "Dropped",
      value: count(dropped),
      more: `${count(drops.slow)} slow, ${count(drops.mailbox)} mailbox full`,
      tone: dropped > 0 ? "bad" : undefined
    },
    { name: "Closed first", value: count(closed), more: "ended before their turn" },
    { name: "Acknowledged", value: count(acked), more: "by clients that say so" },
    { name: "Time to last write", value: milliseconds(timeToLastWriteMs), more: "since publishing" }
  ]
}

const Workers = ({ workers }: Pick<Receipt, "workers">) => (
  <Table<Counts & { worker: string }>
    label="Parts of the workers"
    rows={workers}
    rowKey={({ worker }) => worker}
    empty="One process serves: there are no parts."
    columns={[
      { title: "Worker", kind: "head", cell: ({ worker }) => worker },
      { title: "Connections", kind: "number", cell: ({ eligible }) => count(eligible) },
      { title: "Written", kind: "number", cell: ({ written }) => count(written) },
      { title: "Dropped", kind: "number", cell: ({ dropped }) => count(dropped) },
      { title: "Closed first", kind: "number", cell: ({ closed }) => count(closed) },
      {
        title: "Time to last write",
        kind: "number",
        cell: ({ timeToLastWriteMs }) => milliseconds(timeToLastWriteMs)
      }
    ]}
  />
)

export const ReceiptFigures = ({ receipt }: { readonly receipt: Receipt }) => (
  <>
    <Tiles tiles={tilesOf(receipt)} />
    {receipt.workers.length > 0 && (
      <section class="panel">
        <h2>Workers</h2>
        <Workers workers={receipt.workers} />
      </section>
    )}
  </>
)
