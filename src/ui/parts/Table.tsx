/**
 * A table that becomes a list of cards where there is little room: each cell has its column's title then. The roles are spelled out, as
 * browsers forget them when a table is laid out otherwise.
 */
import type { ComponentChildren } from "preact"
import { NARROW, NARROW_FOR_MANY, useMedia } from "./useMedia.ts"

export interface Column<Row> {
  readonly title: string
  /**
   * "head": the row's own name, "name": another name or text; both may be long, and break where there is no room. "short": a time or a
   * state, which is in one line.
   */
  readonly kind?: "number" | "actions" | "head" | "name" | "short"
  /** The title is for screen readers alone. */
  readonly isTitleHidden?: boolean
  readonly cell: (row: Row) => ComponentChildren
}

export interface TableProps<Row> {
  /** What it is a table of. */
  readonly label: string
  readonly columns: ReadonlyArray<Column<Row>>
  readonly rows: ReadonlyArray<Row>
  readonly rowKey: (row: Row) => string | number
  /** A sentence instead of rows. */
  readonly empty: string
  /** Where there is little room: a card has a line for each cell, or its cells one after the other; "table" stays one. */
  readonly narrow?: "lines" | "flow" | "table"
}

const isNothing = (content: ComponentChildren): boolean =>
  content === undefined || content === null || content === "" || content === false

const MANY_COLUMNS = 5

const classes = { lines: "cards", flow: "cards flow", table: "" }

const Cell = <Row,>({ column, row }: { column: Column<Row>; row: Row }) => {
  const { kind, title } = column
  const given = column.cell(row)
  // Cards leave out cells that are empty.
  const content = isNothing(given) ? null : <div>{given}</div>
  const common = { class: kind, "data-title": column.isTitleHidden ? "" : title }
  return kind === "head" ? (
    <th scope="row" role="rowheader" {...common}>
      {content}
    </th>
  ) : (
    <td role="cell" {...common}>
      {content}
    </td>
  )
}

export const Table = <Row,>({ label, columns, rows, rowKey, empty, narrow = "lines" }: TableProps<Row>) => {
  const isNarrow = useMedia(columns.length > MANY_COLUMNS ? NARROW_FOR_MANY : NARROW)
  if (rows.length === 0) return <p class="empty">{empty}</p>
  return (
    <table class={isNarrow ? classes[narrow] : undefined} role="table" aria-label={label}>
      <thead role="rowgroup">
        <tr role="row">
          {columns.map(({ title, kind, isTitleHidden }) => (
            <th scope="col" role="columnheader" class={kind} key={title}>
              {isTitleHidden ? <span class="hidden">{title}</span> : title}
            </th>
          ))}
        </tr>
      </thead>
      <tbody role="rowgroup">
        {rows.map((row) => (
          <tr role="row" key={rowKey(row)}>
            {columns.map((column) => (
              <Cell key={column.title} column={column} row={row} />
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  )
}
