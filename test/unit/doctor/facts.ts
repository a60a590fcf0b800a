/** A machine that carries a million connections, to be made short of one thing or another. */
import type { MachineFacts } from "../../../src/doctor/MachineFacts.ts"

export const LARGE: MachineFacts = {
  openFiles: 2_000_000,
  userThreads: 100_000,
  nrOpen: 2_000_000,
  fileMax: 4_000_000,
  filesInUse: 1_000,
  pidMax: 100_000,
  threadsInUse: 200,
  groupThreads: Number.POSITIVE_INFINITY,
  somaxconn: 4096,
  synCookies: 1,
  maxSynBacklog: 2048,
  tcpMemPressure: 400_000,
  localPorts: { first: 32_768, last: 60_999 },
  reservedPorts: "",
  conntrack: undefined,
  established: 10,
  memoryAvailable: 64 * 2 ** 30,
  groupMemory: Number.POSITIVE_INFINITY,
  cores: 4,
  groupCores: Number.POSITIVE_INFINITY,
  addresses: ["127.0.0.1", "::1", "192.0.2.2"],
  device: "eth0"
}

/** Nothing could be read but what Node itself tells. */
export const UNREADABLE: MachineFacts = {
  ...(Object.fromEntries(Object.keys(LARGE).map((name) => [name, undefined])) as unknown as MachineFacts),
  cores: 4,
  addresses: []
}
