/** One thing of which there is a bounded amount on a machine. */
import type { planKeys } from "./PlanInput.ts"

export interface Resource {
  readonly name: string
  readonly used: number
  /** What may be used: the headroom is taken off. */
  readonly has: number
  readonly unit: string
  /** The option of the plan that gives more of it, where machines do not. */
  readonly raisedBy?: keyof typeof planKeys
}

/** Above 1 it does not fit. */
export const shareOf = ({ used, has }: Resource): number => used / has

export const fits = (resources: ReadonlyArray<Resource>): boolean =>
  resources.every((one) => shareOf(one) <= 1)

/** The resource that is nearest to its end. */
export const tightest = (resources: ReadonlyArray<Resource>): Resource =>
  resources.reduce((worst, one) => (shareOf(one) > shareOf(worst) ? one : worst))
