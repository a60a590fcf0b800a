/** Tells which channels have subscribers now, over all processes: the hub's interest, as events for whoever listens. */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { isOwnChannel } from "./channels/ownChannels.ts"
import { Hub } from "./Hub.ts"
import { SessionEvents } from "./SessionEvents.ts"

/** For the process that serves alone, and for the primary of workers. */
export const layer = Layer.effectDiscard(
  Effect.gen(function* () {
    const { onInterest } = yield* Hub
    const { tell, wants } = yield* SessionEvents
    const [wantsOccupied, wantsVacated] = [wants("ChannelOccupied"), wants("ChannelVacated")]
    if (!wantsOccupied && !wantsVacated) return
    onInterest((channel, isWanted) => {
      if (isOwnChannel(channel)) return
      if (isWanted ? wantsOccupied : wantsVacated)
        tell({ _tag: isWanted ? "ChannelOccupied" : "ChannelVacated", channel })
    })
  })
)
