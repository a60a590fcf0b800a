/** One receipt: its counts, the part of each worker, and what it is of. */
import { count } from "../../parts/format.ts"
import { Problem } from "../../parts/Problem.tsx"
import { hashOf } from "../routes.ts"
import { ReceiptFigures } from "./ReceiptFigures.tsx"
import type { Receipt } from "./receipt.ts"
import { useReceipt } from "./useReceipt.ts"

const Facts = ({ receipt: { kind, schedule, channels, channelCount } }: { readonly receipt: Receipt }) => (
  <dl class="facts">
    <dt>Of</dt>
    <dd>
      {kind === "broadcast" ? "a broadcast" : "a run of the schedule "}
      {schedule !== undefined && <a href={hashOf("schedules", schedule)}>{schedule}</a>}
    </dd>
    <dt>Channels</dt>
    <dd>
      <ul class="inline">
        {channels.map((channel) => (
          <li key={channel}>
            <a href={hashOf("channels", channel)}>{channel}</a>
          </li>
        ))}
      </ul>
      {channelCount > channels.length && ` and ${count(channelCount - channels.length)} more`}
    </dd>
  </dl>
)

export const ReceiptPage = ({ id }: { readonly id: string }) => {
  const { receipt, problem } = useReceipt(id)
  return (
    <>
      <Problem text={problem} />
      {receipt === undefined ? (
        problem === undefined && <p class="empty">Loading…</p>
      ) : (
        <>
          <section class="panel" aria-label="What it is of">
            <div class="body">
              <Facts receipt={receipt} />
            </div>
          </section>
          <ReceiptFigures receipt={receipt} />
        </>
      )}
    </>
  )
}
