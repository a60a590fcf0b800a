/** What is wrong with a request, all of it. */
import type { Problem } from "./Scheduler.ts"

/** Problems that are listed of one request. The last one tells how many more there are. */
export const PROBLEMS_LISTED = 100

export class Problems {
  private readonly listed: Array<Problem> = []
  private found = 0

  add(where: string, message: string): void {
    if (this.found++ < PROBLEMS_LISTED) this.listed.push({ where, message })
  }

  get count(): number {
    return this.found
  }

  get list(): ReadonlyArray<Problem> {
    const more = this.found - this.listed.length
    return more === 0
      ? this.listed
      : [...this.listed, { where: "", message: `${more} more problems are not listed` }]
  }
}
