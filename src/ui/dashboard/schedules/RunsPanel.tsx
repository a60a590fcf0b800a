/** The newest runs of a schedule, with what became of each. */
import { useEffect } from "preact/hooks"
import { count, milliseconds, moment } from "../../parts/format.ts"
import { Problem } from "../../parts/Problem.tsx"
import { Table } from "../../parts/Table.tsx"
import { PanelHead } from "../channels/PanelHead.tsx"
import { hashOf } from "../routes.ts"
import { ask } from "../session/ask.ts"
import { useLoaded } from "../useLoaded.ts"
import { type Run, toneOf } from "./schedule.ts"
import { pathOf } from "./scheduleActions.ts"

const SHOWN = 20

interface Page {
  readonly runs: ReadonlyArray<Run>
  /** There are older ones. */
  readonly cursor?: string
}

type Answer = Page | { readonly problem: string }

const load = async (id: string): Promise<Answer> => {
  const answer = await ask("GET", `${pathOf(id)}/runs?limit=${SHOWN}`)
  return answer.isOk ? (answer.value as Page) : { problem: answer.problem }
}

const RunTable = ({ runs }: { readonly runs: ReadonlyArray<Run> }) => (
  <Table<Run>
    label="Runs"
    rows={runs}
    rowKey={({ id }) => id}
    empty="It has not run yet."
    narrow="flow"
    columns={[
      {
        title: "Due",
        kind: "head",
        cell: ({ due, isAsked }) => (
          <>
            {moment(Date.parse(due))} {isAsked && <span class="hint">asked for</span>}
          </>
        )
      },
      { title: "Run", kind: "number", cell: ({ number }) => (number === 0 ? "" : count(number)) },
      {
        title: "Outcome",
        kind: "name",
        cell: ({ outcome, detail }) => (
          <>
            <span class={toneOf(outcome)}>{outcome}</span> <span class="hint">{detail}</span>
          </>
        )
      },
      { title: "Written", kind: "number", cell: ({ receipt }) => receipt && count(receipt.written) },
      {
        title: "Time to last write",
        kind: "number",
        cell: ({ receipt }) => receipt && milliseconds(receipt.timeToLastWriteMs)
      },
      {
        title: "Receipt",
        cell: ({ id, receipt }) => receipt && <a href={hashOf("receipts", id)}>receipt</a>
      }
    ]}
  />
)

/** @param version of the schedule: another one has other runs */
export const RunsPanel = ({ id, version }: { readonly id: string; readonly version: string }) => {
  const loaded = useLoaded(id, () => load(id))
  useEffect(loaded.reload, [version])
  const { value } = loaded
  return (
    <section class="panel">
      <PanelHead title="Runs" loaded={loaded} />
      {value === undefined && <p class="empty">Loading…</p>}
      {value !== undefined && "problem" in value && <Problem text={value.problem} />}
      {value !== undefined && "runs" in value && <RunTable runs={value.runs} />}
      {value !== undefined && "cursor" in value && <p class="empty">These are the newest {SHOWN}.</p>}
    </section>
  )
}
