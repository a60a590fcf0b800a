import { useEffect } from "preact/hooks"
import type { DashboardTopic } from "../../../protocol/dashboard.ts"
import { useCell } from "../../parts/useCell.ts"
import { listen, stateOf, type TopicStates } from "./topics.ts"

/** The newest state of a topic while the view that asks is open; undefined before the first. */
export const useTopic = <T extends DashboardTopic>(topic: T): TopicStates[T] | undefined => {
  useEffect(() => listen(topic), [topic])
  return useCell(stateOf(topic))
}
