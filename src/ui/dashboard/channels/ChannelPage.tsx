/** One channel: its subscribers, who is present, what it keeps, and a form to publish into it. */
import { count } from "../../parts/format.ts"
import { PublishForm } from "../publish/PublishForm.tsx"
import { useTopic } from "../push/useTopic.ts"
import { HistoryPanel } from "./HistoryPanel.tsx"
import { PresencePanel } from "./PresencePanel.tsx"

const Subscribers = ({ channel }: { readonly channel: string }) => {
  const channels = useTopic("channels")
  const found = channels?.shown.find((one) => one.channel === channel)
  return <>{found === undefined ? "not among those with the most" : count(found.subscribers)}</>
}

export const ChannelPage = ({ channel }: { readonly channel: string }) => (
  <>
    <dl class="facts">
      <dt>Channel</dt>
      <dd>
        <code>{channel}</code>
      </dd>
      <dt>Subscribers</dt>
      <dd>
        <Subscribers channel={channel} />
      </dd>
    </dl>
    <PresencePanel channel={channel} />
    <HistoryPanel channel={channel} />
    <section class="panel">
      <h2>Publish into this channel</h2>
      <div class="body">
        <PublishForm channel={channel} />
      </div>
    </section>
  </>
)
