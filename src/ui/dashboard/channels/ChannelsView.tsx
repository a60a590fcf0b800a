/** Channels: those with the most subscribers, live; others by a pattern; one of them with all that it keeps. */
import { useEffect } from "preact/hooks"
import { count, plural } from "../../parts/format.ts"
import { useDraft } from "../drafts.ts"
import { TopicProblem } from "../push/TopicProblem.tsx"
import { useTopic } from "../push/useTopic.ts"
import { hashOf } from "../routes.ts"
import { ChannelPage } from "./ChannelPage.tsx"
import { ChannelTable } from "./ChannelTable.tsx"
import { Search } from "./Search.tsx"

const SearchForm = ({ pattern }: { readonly pattern: string }) => {
  const [text, setText] = useDraft("channels.pattern", pattern)
  useEffect(() => {
    if (pattern !== "") setText(pattern)
  }, [pattern])
  const search = (event: Event) => {
    event.preventDefault()
    location.hash = hashOf("channels", undefined, text === "" ? {} : { pattern: text })
  }
  return (
    <search>
      <form class="toolbar" onSubmit={search}>
        <div class="field">
          <label for="pattern">Channels that fit</label>
          <input
            id="pattern"
            type="search"
            value={text}
            placeholder="news:*"
            spellcheck={false}
            autocomplete="off"
            autocapitalize="off"
            aria-describedby="pattern-hint"
            onInput={(event) => setText(event.currentTarget.value)}
          />
        </div>
        <button type="submit">Search</button>
        <span class="hint" id="pattern-hint">
          * is any characters, ? is one, [a-z] one of a set, {"{a,b}"} alternatives
        </span>
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
      <p>
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
