import type { DashboardTopic } from "../../../protocol/dashboard.ts"
import { Problem } from "../../parts/Problem.tsx"
import { useCell } from "../../parts/useCell.ts"
import { problemOf } from "./topics.ts"

/** Why a view gets no data, where that is so. */
export const TopicProblem = ({ topic }: { readonly topic: DashboardTopic }) => (
  <Problem text={useCell(problemOf(topic))} />
)
