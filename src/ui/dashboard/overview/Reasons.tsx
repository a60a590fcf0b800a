/** Counts since the server started, by code or reason, the largest first. */
import { count } from "../../parts/format.ts"
import { Table } from "../../parts/Table.tsx"
import { meaningOf } from "./meanings.ts"

export interface ReasonsProps {
  readonly title: string
  /** What the counts are by. */
  readonly name: "Code" | "Reason"
  readonly of: Readonly<Record<string, number>>
  readonly empty: string
}

export const Reasons = ({ title, name, of, empty }: ReasonsProps) => {
  const rows = Object.entries(of)
    .filter(([, times]) => times > 0)
    .sort(([, a], [, b]) => b - a)
  return (
    <section class="panel">
      <h2>{title}</h2>
      <Table
        label={title}
        rows={rows}
        rowKey={([reason]) => reason}
        empty={empty}
        narrow="table"
        columns={[
          {
            title: name,
            kind: "head",
            cell: ([reason]) => (
              <>
                {reason} <span class="hint">{name === "Code" && meaningOf(reason)}</span>
              </>
            )
          },
          { title: "Times", kind: "number", cell: ([, times]) => count(times) }
        ]}
      />
    </section>
  )
}
