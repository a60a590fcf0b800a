/** Channels whose names fit a pattern, as they were when they were asked for. */
import { Button } from "../../parts/Button.tsx"
import { clock, count, plural } from "../../parts/format.ts"
import { Problem } from "../../parts/Problem.tsx"
import { hashOf } from "../routes.ts"
import { useLoaded } from "../useLoaded.ts"
import { ChannelTable } from "./ChannelTable.tsx"
import { findChannels } from "./channelApi.ts"
import { unclosed } from "./pattern.ts"

/** Rows at most: of more the first, and how many there are. */
const SHOWN = 500

export const Search = ({ pattern }: { readonly pattern: string }) => {
  const { value, at, isBusy, reload } = useLoaded(pattern, () => findChannels(pattern))
  const open = unclosed(pattern)
  if (value === undefined) return <p class="empty">Searching…</p>
  if ("problem" in value) return <Problem text={value.problem} />
  return (
    <>
      <p role="status">
        {plural(value.length, "channel")} with subscribers fit <code>{pattern}</code>, at {clock(at!)}.
        {value.length > SHOWN && ` The ${count(SHOWN)} with the most are shown.`}{" "}
        <Button kind="quiet" isBusy={isBusy} onClick={reload}>
          Search again
        </Button>
      </p>
      {open !== undefined && (
        <p class="notice">
          The <code>{open}</code> of this pattern is not closed: it stands for itself.
        </p>
      )}
      <section class="panel" aria-label="Channels found">
        <ChannelTable channels={value.slice(0, SHOWN)} empty="No channel with subscribers fits." />
      </section>
      {value.length === 0 && (
        <p>
          A channel without subscribers may still have history:{" "}
          <a href={hashOf("channels", pattern)}>open {pattern}</a>
        </p>
      )}
    </>
  )
}
