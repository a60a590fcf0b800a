/** What can be done to a schedule. The answer is a sentence for whoever did it. */
import { ask } from "../session/ask.ts"
import type { Run } from "./schedule.ts"

export type Done = { readonly said: string } | { readonly problem: string }

export const pathOf = (id: string): string => `/api/schedules/${encodeURIComponent(id)}`

const post = async (id: string, what: "pause" | "resume", said: string): Promise<Done> => {
  const answer = await ask("POST", `${pathOf(id)}/${what}`)
  return answer.isOk ? { said } : { problem: answer.problem }
}

export const pause = (id: string): Promise<Done> => post(id, "pause", `${id} is paused.`)

export const resume = (id: string): Promise<Done> => post(id, "resume", `${id} goes on.`)

const outcomes: Readonly<Record<Run["outcome"], string>> = {
  sending: "is under way",
  sent: "was sent",
  gated: "sent nothing: too few connections are there",
  skipped: "was skipped",
  failed: "failed",
  interrupted: "was interrupted"
}

export const runNow = async (id: string): Promise<Done> => {
  const answer = await ask("POST", `${pathOf(id)}/run`)
  if (!answer.isOk) return { problem: answer.problem }
  const { outcome, detail } = JSON.parse(answer.text) as Run
  const said = `The run of ${id} ${outcomes[outcome]}${detail === undefined ? "" : `: ${detail}`}.`
  return outcome === "failed" ? { problem: said } : { said }
}

export const cancel = async (id: string): Promise<Done> => {
  const answer = await ask("DELETE", pathOf(id))
  return answer.isOk ? { said: `${id} is cancelled.` } : { problem: answer.problem }
}
