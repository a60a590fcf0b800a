/** Which actors are open: those with few children, until somebody says otherwise. It outlives the view. */
import type { ActorState } from "../../../protocol/dashboard.ts"
import { cell } from "../../parts/cell.ts"

/** By address, what somebody said. */
export type OpenActors = ReadonlyMap<string, boolean>

export const openActors = cell<OpenActors>(new Map())

const FEW = 16

export const isOpen =
  (said: OpenActors) =>
  ({ address, children }: ActorState): boolean =>
    said.get(address) ?? children.length <= FEW

export const setOpen = (addresses: ReadonlyArray<string>, wanted: boolean): void =>
  openActors.update(
    (said) => new Map([...said, ...addresses.map((address): [string, boolean] => [address, wanted])])
  )
