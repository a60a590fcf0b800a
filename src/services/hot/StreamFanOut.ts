/** HOT PATH. Fan-out to streams, which take bytes as they are: what one drain has for them is joined once and is one write for each. */
import type { FanOut } from "./FanOut.ts"

export const streamFanOut: FanOut = {
  prepare: (frames) => {
    const bytes = frames.length === 1 ? frames[0]!.data : Buffer.concat(frames.map(({ data }) => data))
    return {
      send: (connections, from, to, tally) => {
        for (let i = from; i < to; i++) {
          if (connections[i]!.send(bytes, true)) continue
          for (let j = 0; j < frames.length; j++) tally.dropped[j]!++
          tally.slow.push(connections[i]!)
        }
      }
    }
  }
}
