/** All repetitions of a run, and the figures that tables and verdicts take from them. */
import { emptyOutcome, missingNotes, type Outcome } from "./outcome.ts"
import type { Figure, Measured, Scenarios } from "./scenario.ts"
import { type Spread, spread } from "./statistics.ts"
import { cell, table } from "./table.ts"
import type { Verdict } from "./verdicts.ts"

export class ScenarioResults<O, Id extends string> {
  /** By scenario, then by the title of the case. */
  readonly outcomes: ReadonlyMap<Id, ReadonlyMap<string, Outcome<Measured>>>

  constructor(
    readonly scenarios: Scenarios<O, Id>,
    readonly ids: ReadonlyArray<Id>
  ) {
    this.outcomes = new Map(
      ids.map((id) => [
        id,
        new Map(scenarios[id].cases.map(({ title }) => [title, emptyOutcome<Measured>()]))
      ])
    )
  }

  outcome(id: Id, title: string): Outcome<Measured> {
    return this.outcomes.get(id)!.get(title)!
  }

  spread(id: Id, title: string, label: string): Spread | undefined {
    const values = (this.outcomes.get(id)?.get(title)?.trials ?? []).flatMap(({ figures }) =>
      figures.filter((figure) => figure.label === label).map(({ value }) => value)
    )
    return spread(values)
  }

  table(id: Id): string {
    const cases = [...this.outcomes.get(id)!.keys()]
    const rows = this.#rows(id).map(({ label, digits }) => [
      label,
      ...cases.map((title) => cell(this.spread(id, title, label), digits))
    ])
    return table([`${id}: median (range)`, ...cases], rows)
  }

  notes(id: Id): ReadonlyArray<string> {
    return [...this.outcomes.get(id)!].flatMap(([title, outcome]) => [
      ...missingNotes(title, outcome),
      ...outcome.trials.flatMap(({ problems }) => problems.map((why) => `${title}: FAILED: ${why}`))
    ])
  }

  verdicts(): ReadonlyArray<Verdict> {
    return this.ids.flatMap((id) =>
      this.scenarios[id].verdicts((title, label) => this.spread(id, title, label))
    )
  }

  /** For each measurement, the part of the server's core that others used. */
  get disturbances(): ReadonlyArray<{ readonly othersBusy: number }> {
    return this.#measured.flatMap(({ othersBusy }) => othersBusy.map((share) => ({ othersBusy: share })))
  }

  /** Whether some connection missed a message, or something could not be measured that should have been. */
  get hasFailures(): boolean {
    return this.ids.some((id) => this.notes(id).some((note) => note.includes("FAILED")))
  }

  get #measured(): ReadonlyArray<Measured> {
    return this.ids.flatMap((id) => [...this.outcomes.get(id)!.values()].flatMap(({ trials }) => trials))
  }

  /** Each label once, in the order of its first case. */
  #rows(id: Id): ReadonlyArray<Figure> {
    const rows = new Map<string, Figure>()
    for (const { trials } of this.outcomes.get(id)!.values())
      for (const { figures } of trials) for (const figure of figures) rows.set(figure.label, figure)
    return [...rows.values()]
  }
}
