/**
 * Which process opens what: all connections of a run laid in a row, one local address after the other, and cut into even pieces.
 *
 * Every process holds the same number of connections, give or take one, and none more than `capacity`. An address is cut only at the
 * border of two pieces, and the pace of its parts adds up to its own.
 */
import type { RampShare } from "../client/RampSockets.ts"

/** Connections of one client process at most, however many files it may open: its messages are read by one core. */
export const MAX_PROCESS_CONNECTIONS = 25_000

export interface ProcessPlanInput {
  readonly localAddresses: ReadonlyArray<string>
  /** Connections of each address, and of each of its steps. */
  readonly clients: number
  readonly batchSize: number
  /** `setup.threadpool.size`: processes that share each address, at least. */
  readonly perAddress: number
  /** Connections that one process can hold: its open-file limit allows no more. */
  readonly capacity: number
}

/** The shares of each process; none is empty. */
export const planProcesses = (input: ProcessPlanInput): ReadonlyArray<ReadonlyArray<RampShare>> => {
  const { localAddresses, clients, perAddress } = input
  const total = localAddresses.length * clients
  const groups = Math.min(perAddress, clients)
  const capacity = Math.max(1, Math.min(input.capacity, MAX_PROCESS_CONNECTIONS))
  const pieces = Math.ceil(total / groups / capacity)
  const processes = Array.from({ length: groups }, (_, group) =>
    cut(partsOfGroup(localAddresses, clients, groups, group), pieces)
  ).flat()
  return withPace(
    processes.filter((parts) => parts.length > 0),
    input
  )
}

interface Part {
  readonly localAddress: string
  readonly clients: number
}

/** The part of a group in each address. What does not divide evenly goes to the groups in turn, so that no group gets more than another. */
const partsOfGroup = (
  addresses: ReadonlyArray<string>,
  clients: number,
  groups: number,
  group: number
): ReadonlyArray<Part> => {
  const left = clients % groups
  return addresses.map((localAddress, i) => {
    const turn = (group - ((i * left) % groups) + groups) % groups
    return { localAddress, clients: Math.floor(clients / groups) + (turn < left ? 1 : 0) }
  })
}

/** Cuts what a group has into `pieces` of equal size, give or take one. */
const cut = (row: ReadonlyArray<Part>, pieces: number): ReadonlyArray<ReadonlyArray<Part>> => {
  const total = row.reduce((sum, { clients }) => sum + clients, 0)
  let at = 0
  let used = 0
  return Array.from({ length: pieces }, (_, piece) => {
    const parts: Array<Part> = []
    let room = Math.floor(((piece + 1) * total) / pieces) - Math.floor((piece * total) / pieces)
    while (room > 0) {
      const { localAddress, clients } = row[at]!
      const taken = Math.min(room, clients - used)
      if (taken > 0) parts.push({ localAddress, clients: taken })
      room -= taken
      used += taken
      if (used === clients) {
        at++
        used = 0
      }
    }
    return parts
  })
}

/** Splits the pace of each address over its parts, in proportion. Each part has at least one connection a step. */
const withPace = (
  processes: ReadonlyArray<ReadonlyArray<Part>>,
  { clients: whole, batchSize }: ProcessPlanInput
): ReadonlyArray<ReadonlyArray<RampShare>> => {
  const parts = new Map<string, number>()
  for (const { localAddress } of processes.flat()) parts.set(localAddress, (parts.get(localAddress) ?? 0) + 1)
  const before = new Map<string, number>()
  return processes.map((shares) =>
    shares.map(({ localAddress, clients }) => {
      // One a step for each part; the rest follows the connections, rounded so that the sum is exact.
      const rest = Math.max(0, batchSize - parts.get(localAddress)!)
      const from = before.get(localAddress) ?? 0
      before.set(localAddress, from + clients)
      const upTo = (connections: number) => Math.round((rest * connections) / whole)
      return { localAddress, clients, batchSize: 1 + upTo(from + clients) - upTo(from) }
    })
  )
}
