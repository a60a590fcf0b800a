/** Channels: those with the most subscribers, live; others by a pattern; one of them with all that it keeps. */
import { count, plural } from "../../parts/format.ts"
import { TextField } from "../../parts/TextField.tsx"
import { useDraft } from "../drafts.ts"
import { TopicProblem } from "../push/TopicProblem.tsx"
import { useTopic } from "../push/useTopic.ts"
import { hashOf } from "../routes.ts"
import { ChannelPage } from "./ChannelPage.tsx"
import { ChannelTable } from "./ChannelTable.tsx"
import { Search } from "./Search.tsx"

const SearchForm = ({ pattern }: { readonly pattern: string }) => {
  // What was typed and not searched belongs to the list below: another one has a text of its own.
  const [text, setText] = useDraft(`channels.pattern ${pattern}`, pattern)
  const search = (event: Event) => {
    event.preventDefault()
    setText(pattern)
    location.hash = hashOf("channels", undefined, text === "" ? {} : { pattern: text })
  }
  return (
    <search>
      <form class="toolbar" onSubmit={search}>
        <TextField
          id="pattern"
          label="Channels that fit"
          hint="* is any characters, ? is one, [a-z] one of a set, {a,b} alternatives"
          type="search"
          placeholder="news:*"
          text={text}
          onText={setText}
        />
        <button type="submit">Search</button>
      </form>
    </search>
  )
}

const Live = () => {
  const channels = useTopic("channels")
  if (channels === undefined) return <p class="empty">Waiting for the channels…</p>
  const { total, shown } = channels
  return (
    <>
      <p hidden={total === 0}>
        {plural(total, "channel")} with subscribers
        {total > shown.length && `; the ${count(shown.length)} with the most are shown`}.
      </p>
      <section class="panel" aria-label="Channels">
        <ChannelTable channels={shown} empty="No channel has subscribers." />
      </section>
    </>
  )
}

export const ChannelsView = ({ channel, pattern }: { channel: string | undefined; pattern: string }) => {
  if (channel !== undefined) return <ChannelPage key={channel} channel={channel} />
  return (
    <>
      <TopicProblem topic="channels" />
      <SearchForm pattern={pattern} />
      {pattern === "" ? <Live /> : <Search pattern={pattern} />}
    </>
  )
}
