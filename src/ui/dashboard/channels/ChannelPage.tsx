/** One channel: its subscribers, who is present, what it keeps, and a form to publish into it. */
import { PublishForm } from "../publish/PublishForm.tsx"
import { useLoaded } from "../useLoaded.ts"
import { presenceOf, UNKNOWN_CHANNEL } from "./channelApi.ts"
import { HistoryPanel } from "./HistoryPanel.tsx"
import { PresencePanel } from "./PresencePanel.tsx"
import { Subscribers } from "./Subscribers.tsx"

const UNKNOWN = "There is no such channel here: the configuration has no namespace for a name like this."

export const ChannelPage = ({ channel }: { readonly channel: string }) => {
  const presence = useLoaded(channel, () => presenceOf(channel))
  const { value } = presence
  if (value !== undefined && !value.isOk && value.code === UNKNOWN_CHANNEL) return <p>{UNKNOWN}</p>
  return (
    <>
      <Subscribers channel={channel} />
      <div class="columns wide">
        <section class="panel">
          <h2>Publish into this channel</h2>
          <div class="body">
            <PublishForm channel={channel} />
          </div>
        </section>
        <PresencePanel loaded={presence} />
      </div>
      <HistoryPanel channel={channel} />
    </>
  )
}
