/** How many worker processes serve, and why. */
import { connectionCapacity } from "./openFiles.ts"

/** More are not started, whatever `totalSize` asks for. */
export const MAX_WORKERS = 1024

export interface WorkerChoice {
  readonly count: number
  /** Completes the sentence "… workers: …". */
  readonly reason: string
}

/**
 * The kernel spreads connections over the workers by chance, so a worker gets up to six standard deviations more than its share: with
 * 54 workers for a million, 18,519 + 817 (measured: ±1 %).
 */
const fits = (connections: number, workers: number, capacity: number): boolean => {
  const share = connections / workers
  return share + (workers > 1 ? 6 * Math.sqrt(share) : 0) <= capacity
}

/**
 * @param wish `server.workers`
 * @param openFileLimit of one process; undefined: no limit
 * @param cores that this process may use
 */
export const chooseWorkers = (
  wish: number | "auto",
  totalSize: number,
  openFileLimit: number | undefined,
  cores: number
): WorkerChoice => {
  if (wish !== "auto") return { count: wish, reason: "as configured" }
  const capacity = connectionCapacity(openFileLimit)
  let needed = 1
  while (needed < MAX_WORKERS && !fits(totalSize, needed, capacity)) needed++
  if (needed <= cores) return { count: Math.min(cores, MAX_WORKERS), reason: "one for each core" }
  const short = fits(totalSize, needed, capacity) ? "" : `; more than ${MAX_WORKERS} are not started`
  return {
    count: needed,
    reason: `totalSize is ${totalSize}, and one process holds ${capacity} connections under its open-file limit of ${openFileLimit}${short}`
  }
}
