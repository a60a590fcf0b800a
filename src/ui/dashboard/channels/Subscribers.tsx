/** How many are subscribed to a channel: live where it is among those with the most, else as it was when it was asked for. */
import { Button } from "../../parts/Button.tsx"
import { clock, plural } from "../../parts/format.ts"
import { Problem } from "../../parts/Problem.tsx"
import { useTopic } from "../push/useTopic.ts"
import { useLoaded } from "../useLoaded.ts"
import { findChannels } from "./channelApi.ts"
import { exactly } from "./pattern.ts"

const text = (subscribers: number): string => plural(subscribers, "subscriber")

const Asked = ({ channel }: { readonly channel: string }) => {
  const { value, at, isBusy, reload } = useLoaded(channel, () => findChannels(exactly(channel)))
  if (value === undefined || at === undefined) return null
  if ("problem" in value) return <Problem text={value.problem} />
  return (
    <p>
      {text(value[0]?.subscribers ?? 0)}, at {clock(at)}.{" "}
      <Button kind="quiet" isBusy={isBusy} onClick={reload}>
        Count again
      </Button>
    </p>
  )
}

export const Subscribers = ({ channel }: { readonly channel: string }) => {
  const channels = useTopic("channels")
  if (channels === undefined) return null
  const found = channels.shown.find((one) => one.channel === channel)
  if (found !== undefined) return <p>{text(found.subscribers)}</p>
  return channels.total > channels.shown.length ? <Asked channel={channel} /> : <p>{text(0)}</p>
}
