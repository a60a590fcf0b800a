/**
 * What the control groups of this process (a container, a systemd unit) still allow it, by version 1 or 2 of their files.
 * A process is bound by its own group and by each above it, so the tightest counts.
 */

/** The content of a file, trimmed; undefined where it cannot be read. */
export type ReadFile = (path: string) => string | undefined

const ROOT = "/sys/fs/cgroup"
/** Groups that are nested more deeply are cut off at the top. */
const MAX_DEPTH = 32

/** The folder of a group and those above it. In a container the path of the host may not exist: what cannot be read binds nobody. */
const foldersOf = (mount: string, path: string): ReadonlyArray<string> => {
  const parts = path.split("/").filter((part) => part !== "" && part !== "..")
  return Array.from({ length: Math.min(parts.length, MAX_DEPTH) + 1 }, (_, above) =>
    [mount, ...parts.slice(0, parts.length - above)].join("/")
  )
}

interface Groups {
  /** Folders by version 2, which has one tree for everything. */
  readonly unified: ReadonlyArray<string>
  /** Folders of a controller by version 1. */
  readonly of: (controller: string) => ReadonlyArray<string>
}

const readGroups = (read: ReadFile): Groups => {
  const lines = (read("/proc/self/cgroup") ?? "").split("\n").map((line) => line.split(":"))
  const unified = lines.find(([id]) => id === "0")?.[2]
  const of = (controller: string) => {
    const [, , path] = lines.find(([, names = ""]) => names.split(",").includes(controller)) ?? []
    return path === undefined ? [] : foldersOf(`${ROOT}/${controller}`, path)
  }
  return { unified: unified === undefined ? [] : foldersOf(ROOT, unified), of }
}

/** "max" and the huge number of version 1 mean that there is no limit. */
const limit = (text: string | undefined): number | undefined => {
  if (text === undefined || text === "") return undefined
  const value = text === "max" ? Number.POSITIVE_INFINITY : Number(text)
  return Number.isNaN(value) ? undefined : value > 2 ** 60 || value < 0 ? Number.POSITIVE_INFINITY : value
}

const least = (values: ReadonlyArray<number | undefined>): number | undefined => {
  const known = values.filter((value) => value !== undefined)
  return known.length === 0 ? undefined : Math.min(...known)
}

const left = (max: number | undefined, used: number | undefined): number | undefined =>
  max === undefined ? undefined : Math.max(0, max - (used ?? 0))

/** Bytes: what the limit leaves, where cached files count as free, since they make room. */
export const groupMemory = (read: ReadFile): number | undefined => {
  const { unified, of } = readGroups(read)
  const cached = (folder: string, name: string): number =>
    Number(new RegExp(`^${name} (\\d+)`, "m").exec(read(`${folder}/memory.stat`) ?? "")?.[1] ?? 0)
  const used = (folder: string, usage: string, cache: string) =>
    (limit(read(`${folder}/${usage}`)) ?? 0) - cached(folder, cache)
  return least([
    ...unified.flatMap((folder) =>
      ["memory.max", "memory.high"].map((name) =>
        left(limit(read(`${folder}/${name}`)), used(folder, "memory.current", "inactive_file"))
      )
    ),
    ...of("memory").map((folder) =>
      left(
        limit(read(`${folder}/memory.limit_in_bytes`)),
        used(folder, "memory.usage_in_bytes", "total_inactive_file")
      )
    )
  ])
}

/** Cores: CPU time a period grants, over the period. */
export const groupCores = (read: ReadFile): number | undefined => {
  const { unified, of } = readGroups(read)
  const share = (quota: string | undefined, period: string | undefined) => {
    const [most, length] = [limit(quota), limit(period)]
    return most === undefined || length === undefined ? undefined : most / length
  }
  return least([
    ...unified.map((folder) => share(...pair(read(`${folder}/cpu.max`)))),
    ...of("cpu").map((folder) =>
      share(read(`${folder}/cpu.cfs_quota_us`), read(`${folder}/cpu.cfs_period_us`))
    )
  ])
}

const pair = (text: string | undefined): [string | undefined, string | undefined] => {
  const [first, second] = text?.split(" ") ?? []
  return [first, second]
}

/** Threads that may still be started. */
export const groupThreads = (read: ReadFile): number | undefined => {
  const { unified, of } = readGroups(read)
  return least(
    [...unified, ...of("pids")].map((folder) =>
      left(limit(read(`${folder}/pids.max`)), limit(read(`${folder}/pids.current`)))
    )
  )
}
