/**
 * The bench once more, in a network namespace of its own.
 *
 * Very many connections concern the whole machine: while they name nearly every local port, no other program gets one; and the kernel's
 * table of connections, made for the machine's memory at boot (262,144 places on 24 GB), has them in long chains that every packet
 * walks, as does whoever reads /proc/net/tcp. A namespace has ports and, where it is asked for, a table of its own.
 */
import { spawn, spawnSync } from "node:child_process"
import { readFileSync, writeFileSync } from "node:fs"

/** Places in the table of a namespace that is made while it is set; 0: the machine's table. Since Linux 6.1. */
const TABLE = "/proc/sys/net/ipv4/tcp_child_ehash_entries"
/** The most that the kernel takes. */
const MAX_PLACES = 2 ** 24

/** Why there can be none here. */
const obstacle = (): string | undefined => {
  if (process.getuid?.() !== 0) return "only root may make one"
  for (const command of [
    ["unshare", "--net", "true"],
    ["ip", "-V"]
  ]) {
    const [program = "", ...args] = command
    if (spawnSync(program, args).status !== 0) return `${command.join(" ")} fails here`
  }
  return undefined
}

/** Two places for each end of a connection, as a power of two. */
const placesFor = (connections: number): number =>
  Math.min(MAX_PLACES, 2 ** Math.ceil(Math.log2(4 * connections)))

const readTable = (): string | undefined => {
  try {
    return readFileSync(TABLE, "latin1").trim()
  } catch {
    return undefined
  }
}

/**
 * @param args of the bench, to be run in there
 * @returns its exit code, or why it cannot run in there
 */
export const runInOwnNetwork = async (
  args: ReadonlyArray<string>,
  connections: number
): Promise<number | { readonly obstacle: string }> => {
  const why = obstacle()
  if (why !== undefined) return { obstacle: why }
  const table = readTable()
  const restore = () => {
    if (table !== undefined) writeFileSync(TABLE, table)
  }
  if (table !== undefined) writeFileSync(TABLE, String(placesFor(connections)))
  const self = [process.execPath, process.argv[1] ?? "", "c1000k", ...args, "--network", "here"]
  const script = 'ip link set lo up && exec "$@"'
  const child = spawn("unshare", ["--net", "sh", "-c", script, "sh", ...self], {
    stdio: ["ignore", "pipe", "inherit"]
  })
  // Its first words come from inside, so the namespace is made.
  child.stdout.once("data", restore)
  child.stdout.pipe(process.stdout)
  const stop = () => void child.kill("SIGTERM")
  process.once("exit", stop)
  const code = await new Promise<number>((resolve) => {
    child.once("exit", (exitCode) => resolve(exitCode ?? 1))
    child.once("error", () => resolve(1))
  })
  process.off("exit", stop)
  restore()
  return code
}
