import { moment, NOTHING, relative } from "../../parts/format.ts"
import { Table } from "../../parts/Table.tsx"
import { channelsText } from "../receipts/receipt.ts"
import { hashOf } from "../routes.ts"
import { useNow } from "../useNow.ts"
import { Actions, type ActionsProps } from "./Actions.tsx"
import { runsText, type Schedule, toneOf, triggerText } from "./schedule.ts"

const Due = ({ due, now }: { readonly due: string | undefined; readonly now: number }) => {
  if (due === undefined) return <>{NOTHING}</>
  const at = Date.parse(due)
  return (
    <>
      <span class="moment">{moment(at)}</span> <span class="hint">{relative(at, now)}</span>
    </>
  )
}

export interface ScheduleTableProps {
  readonly schedules: ReadonlyArray<Schedule>
  readonly empty: string
  readonly onDone: ActionsProps["onDone"]
}

export const ScheduleTable = ({ schedules, empty, onDone }: ScheduleTableProps) => {
  const now = useNow()
  return (
    <Table<Schedule>
      label="Schedules"
      rows={schedules}
      rowKey={({ id }) => id}
      empty={empty}
      columns={[
        {
          title: "Schedule",
          kind: "head",
          cell: ({ id, about }) => (
            <>
              <a href={hashOf("schedules", id)}>{about || id}</a>
              {about && <div class="hint">{id}</div>}
            </>
          )
        },
        { title: "State", kind: "short", cell: ({ state }) => <span class={toneOf(state)}>{state}</span> },
        { title: "When", cell: triggerText },
        {
          title: "Next",
          cell: ({ due, state }) => (
            <>
              <Due due={due} now={now} />
              {state === "paused" && due !== undefined && <div class="hint">if it goes on</div>}
            </>
          )
        },
        { title: "Runs", kind: "number", cell: runsText },
        {
          title: "To",
          kind: "name",
          cell: ({ channels, channelCount }) => channelsText(channels, channelCount)
        },
        {
          title: "Actions",
          kind: "actions",
          isTitleHidden: true,
          cell: (schedule) => <Actions schedule={schedule} onDone={onDone} />
        }
      ]}
    />
  )
}
