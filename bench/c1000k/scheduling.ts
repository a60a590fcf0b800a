/**
 * How server and client are scheduled, by chrt (util-linux).
 *
 * A hundred processes on two cores spend their time on taking turns: each one that is woken up runs at once, for two or three connections,
 * with cold caches. Round robin lets each work through all that waits for it, and whoever is woken up meanwhile queues up behind. The
 * kernel keeps 5 % of the time for others (sched_rt_runtime_us). As batch, a process is at least not interrupted by those it wakes up.
 */
import { spawnSync } from "node:child_process"

export interface Scheduling {
  readonly name: string
  /** What a command is put behind. */
  readonly command: ReadonlyArray<string>
  /** What sets a process that measures the others before them, by its id. */
  readonly first?: ReadonlyArray<string>
}

const asDefault: Scheduling = { name: "as other programs", command: [] }

/** In order of preference; round robin is for root alone. */
const known: ReadonlyArray<Scheduling> = [
  { name: "round robin", command: ["chrt", "--rr", "1"], first: ["chrt", "--rr", "--pid", "2"] },
  { name: "batch", command: ["chrt", "--batch", "0"] }
]

const isAllowed = ({ command: [program = "", ...args] }: Scheduling): boolean =>
  spawnSync(program, [...args, "true"]).status === 0

/** The best that this machine allows. */
export const chooseScheduling = (): Scheduling => known.find(isAllowed) ?? asDefault

/** This process reads what others took at the moment it says, and not when they leave it time to. */
export const goFirst = ({ first = [] }: Scheduling): void => {
  const [program = "", ...args] = first
  if (program !== "") spawnSync(program, [...args, String(process.pid)])
}
