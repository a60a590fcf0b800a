/** Which actors are open: the roots, until somebody says otherwise. It outlives the view. */
import { cell } from "../../parts/cell.ts"

export interface OpenActors {
  /** Those that are not as they are at first. */
  readonly turned: ReadonlySet<string>
}

export const openActors = cell<OpenActors>({ turned: new Set() })

const isRoot = (address: string): boolean => !address.includes("/")

export const isOpen =
  ({ turned }: OpenActors) =>
  (address: string): boolean =>
    isRoot(address) !== turned.has(address)

export const setOpen = (addresses: ReadonlyArray<string>, wanted: boolean): void =>
  openActors.update((open) => {
    const turned = new Set(open.turned)
    for (const address of addresses) {
      if (isRoot(address) === wanted) turned.delete(address)
      else turned.add(address)
    }
    return { turned }
  })
