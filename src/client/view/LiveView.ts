/**
 * What a person sees of a run: a few lines kept in place on a terminal, plain lines elsewhere. Logs and reports go through it, so
 * that they do not tear the lines apart.
 */
import type { Glance } from "../metrics/RunMetrics.ts"
import { RecentRates } from "./RecentRates.ts"
import { type ViewState, viewLines, viewLogLine } from "./runView.ts"
import { LiveLines, type Screen } from "./terminal.ts"

/** What a view needs of standard output. */
export interface Output extends Screen {
  readonly isTTY?: boolean | undefined
}

/** The part of a view's state that the run knows and the metrics do not. */
export type RunState = Pick<ViewState, "phase" | "total" | "elapsedMs" | "leftMs" | "at" | "comesBack">

/** Without a terminal, a ramp is told in a line for each so many updates, and holding is left to the reports. */
const UPDATES_PER_LINE = 8

export class LiveView {
  #live: LiveLines | undefined
  #hasEnded = false
  #isMuted = false
  #updates = 0
  readonly #setups = new RecentRates()
  readonly #messages = new RecentRates()

  constructor(readonly output: Output) {
    this.#live = output.isTTY === true ? new LiveLines(output) : undefined
  }

  /** Shows the present state. */
  update(run: RunState, glance: Glance): void {
    if (this.#hasEnded) return
    this.#setups.add(run.elapsedMs, glance.opened)
    this.#messages.add(run.elapsedMs, glance.messages)
    const state: ViewState = {
      ...run,
      ...glance,
      setupPerSecond: this.#setups.perSecond,
      messagesPerSecond: this.#messages.perSecond,
      rates: (run.phase === "ramping" ? this.#setups : this.#messages).points
    }
    if (this.#live !== undefined) this.#live.show(viewLines(state, this.#live.columns))
    else if (run.phase === "ramping" && this.#updates++ % UPDATES_PER_LINE === 0)
      this.print(viewLogLine(state))
  }

  /** Text that stays. */
  print(text: string): void {
    if (this.#isMuted) return
    if (this.#live !== undefined) this.#live.print(text)
    else this.output.write(text.endsWith("\n") ? text : `${text}\n`)
  }

  /** Nobody reads any more (`| head`): nothing is written from here on, and the run goes on to its reports. */
  mute(): void {
    this.#live = undefined
    this.#isMuted = true
    this.#hasEnded = true
  }

  /** Gives the cursor back; what is printed from here on is plain text, and nothing is drawn any more. */
  end(): void {
    this.#live?.end()
    this.#live = undefined
    this.#hasEnded = true
  }
}
