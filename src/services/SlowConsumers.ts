/** The slow consumers of this process; in the primary of workers, of all of these. */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { SlowLog } from "./hot/SlowLog.ts"
import { makeNow } from "./now.ts"

export class SlowConsumers extends Context.Service<SlowConsumers, SlowLog>()(
  "clarion/services/SlowConsumers"
) {
  /** @param process the name of this one, as the dashboard shows it */
  static readonly layer = (process: string) =>
    Layer.effect(
      this,
      Effect.map(makeNow, (now) => new SlowLog(process, now))
    )
}
