import { memo } from "preact/compat"
import { delay, preciseClock } from "./format.ts"
import type { Line, MessageLine } from "./Ledger.ts"

const Message = ({ at, name, text, offset, delayMs, isRecovered }: MessageLine) => (
  <li class={isRecovered ? "line recovered" : "line"}>
    <p class="said">
      {name === undefined ? null : <b>{name}: </b>}
      {text}
    </p>
    <p class="facts">
      <span class="how">{isRecovered ? "recovered" : "live"}</span>
      {offset === undefined ? null : <span>offset {offset}</span>}
      {delayMs === undefined ? null : <span>{delay(delayMs)}</span>}
      <time dateTime={new Date(at).toISOString()}>{preciseClock(at)}</time>
    </p>
  </li>
)

/** Lines never change once they are written. */
export const LineView = memo(
  ({ line }: { readonly line: Line }) =>
    line.kind === "message" ? (
      <Message {...line} />
    ) : (
      <li class={line.isLoss ? "note loss" : "note"}>
        <span>{line.text}</span>{" "}
        <time dateTime={new Date(line.at).toISOString()}>{preciseClock(line.at)}</time>
      </li>
    ),
  (before, after) => before.line === after.line
)
