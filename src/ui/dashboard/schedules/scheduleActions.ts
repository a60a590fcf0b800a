/** What can be done to a schedule. The answer is a sentence for whoever did it. */
import { ask } from "../session/ask.ts"
import { nameOf, type Run, type Schedule } from "./schedule.ts"

export type Done =
  /** @member isLast there is nothing more to do to it: its buttons go */
  { readonly said: string; readonly isLast?: true } | { readonly problem: string }

export const pathOf = (id: string): string => `/api/schedules/${encodeURIComponent(id)}`

const problemWith = (schedule: Schedule, problem: string): Done => ({
  problem: `${nameOf(schedule)}: ${problem}`
})

const post = async (schedule: Schedule, what: "pause" | "resume", said: string): Promise<Done> => {
  const answer = await ask("POST", `${pathOf(schedule.id)}/${what}`)
  return answer.isOk ? { said: `${nameOf(schedule)} ${said}.` } : problemWith(schedule, answer.problem)
}

export const pause = (schedule: Schedule): Promise<Done> => post(schedule, "pause", "is paused")

export const resume = (schedule: Schedule): Promise<Done> => post(schedule, "resume", "goes on")

const outcomes: Readonly<Record<Run["outcome"], string>> = {
  sending: "is under way",
  sent: "was sent",
  gated: "sent nothing: too few connections are there",
  skipped: "was skipped",
  failed: "failed",
  interrupted: "was interrupted"
}

export const runNow = async (schedule: Schedule): Promise<Done> => {
  const answer = await ask("POST", `${pathOf(schedule.id)}/run`)
  if (!answer.isOk) return problemWith(schedule, answer.problem)
  const { outcome, detail } = answer.value as Run
  const said = `The run of ${nameOf(schedule)} ${outcomes[outcome]}${detail === undefined ? "" : `: ${detail}`}.`
  return outcome === "failed" ? { problem: said } : { said }
}

export const cancel = async (schedule: Schedule): Promise<Done> => {
  const answer = await ask("DELETE", pathOf(schedule.id))
  return answer.isOk
    ? { said: `${nameOf(schedule)} is cancelled.`, isLast: true }
    : problemWith(schedule, answer.problem)
}
