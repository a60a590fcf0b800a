/** One channel: its subscribers, who is present, what it keeps, and a form to publish into it. */
import { plural } from "../../parts/format.ts"
import { PublishForm } from "../publish/PublishForm.tsx"
import { useTopic } from "../push/useTopic.ts"
import { HistoryPanel } from "./HistoryPanel.tsx"
import { PresencePanel } from "./PresencePanel.tsx"

const useSubscribers = (channel: string): string => {
  const channels = useTopic("channels")
  const found = channels?.shown.find((one) => one.channel === channel)
  return found === undefined ? "" : plural(found.subscribers, "subscriber")
}

export const ChannelPage = ({ channel }: { readonly channel: string }) => {
  const subscribers = useSubscribers(channel)
  return (
    <>
      {subscribers !== "" && <p>{subscribers}</p>}
      <div class="columns wide">
        <section class="panel">
          <h2>Publish into this channel</h2>
          <div class="body">
            <PublishForm channel={channel} />
          </div>
        </section>
        <PresencePanel channel={channel} />
      </div>
      <HistoryPanel channel={channel} />
    </>
  )
}
