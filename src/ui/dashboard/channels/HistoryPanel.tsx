/** What a channel keeps of its publications, where it keeps any: the newest first, older ones as one asks for them. */
import { useState } from "preact/hooks"
import { Button } from "../../parts/Button.tsx"
import { count } from "../../parts/format.ts"
import { Problem } from "../../parts/Problem.tsx"
import { Table } from "../../parts/Table.tsx"
import type { ApiAnswer } from "../session/ask.ts"
import { type Loaded, useLoaded } from "../useLoaded.ts"
import { HISTORY_PAGE, type History, historyOf, NOT_AVAILABLE } from "./channelApi.ts"
import { PanelHead } from "./PanelHead.tsx"
import type { Publication } from "./publications.ts"

const Publications = ({ publications }: Pick<History, "publications">) => (
  <Table<Publication>
    label="History"
    rows={publications}
    rowKey={({ offset }) => offset}
    empty="Nothing is kept at the moment."
    columns={[
      { title: "Offset", kind: "head", cell: ({ offset }) => count(offset) },
      {
        title: "Data",
        kind: "name",
        cell: ({ data, isBase64, tags }) => (
          <>
            <pre class="raw">{data}</pre>
            {isBase64 && <span class="hint">not JSON: in base64 </span>}
            {tags !== undefined && <span class="hint">tags {tags}</span>}
          </>
        )
      },
      { title: "By", kind: "name", cell: ({ user }) => user ?? "" }
    ]}
  />
)

const Pages = ({ channel, first }: { readonly channel: string; readonly first: History }) => {
  const [older, setOlder] = useState<ReadonlyArray<Publication>>([])
  const [isEnd, setEnd] = useState(first.publications.length < HISTORY_PAGE)
  const [problem, setProblem] = useState<string>()
  const publications = [...first.publications, ...older]
  const [isBusy, setBusy] = useState(false)
  const load = async () => {
    setBusy(true)
    const answer = await historyOf(channel, { offset: publications.at(-1)!.offset, epoch: first.epoch })
    setBusy(false)
    setProblem(answer.isOk ? undefined : answer.problem)
    if (!answer.isOk) return
    setOlder([...older, ...answer.result.publications])
    setEnd(answer.result.publications.length < HISTORY_PAGE)
  }
  return (
    <>
      <p class="empty">
        The newest offset is {count(first.offset)}, the epoch <code>{first.epoch}</code>.
      </p>
      <Publications publications={publications} />
      <Problem text={problem} />
      {!isEnd && (
        <div class="body">
          <div class="buttons">
            <Button isBusy={isBusy} onClick={load}>
              Older publications
            </Button>
          </div>
        </div>
      )}
    </>
  )
}

const Shown = ({ channel, loaded }: { channel: string; loaded: Loaded<ApiAnswer<History>> }) => {
  const { value: answer, at } = loaded
  if (answer === undefined) return <p class="empty">Loading…</p>
  // What was loaded besides belongs to the newest page that was there then.
  if (answer.isOk) return <Pages key={at} channel={channel} first={answer.result} />
  if (answer.code === NOT_AVAILABLE)
    return (
      <p class="empty">
        This channel keeps no history: historySize and historyTtl of its namespace are not set.
      </p>
    )
  return <Problem text={answer.problem} />
}

export const HistoryPanel = ({ channel }: { readonly channel: string }) => {
  const loaded = useLoaded(channel, () => historyOf(channel))
  return (
    <section class="panel">
      <PanelHead title="History" loaded={loaded} />
      <Shown channel={channel} loaded={loaded} />
    </section>
  )
}
