/** One thing that a configured size needs of the machine, beside what the machine has. */

/** A way to mend a shortage. */
export interface Remedy {
  /** When this way is the right one: "as root, until the next restart". */
  readonly when: string
  /** Can be pasted into a shell as it stands. */
  readonly command: string
  /** The line of /etc/sysctl.d that keeps it over a restart. */
  readonly lasting?: string
}

export type Verdict = "ok" | "short" | "unknown"

export interface Check {
  readonly name: string
  readonly required: string
  readonly found: string
  /** Said beside what was found, in the table only; begins with a space or a sign. */
  readonly remark: string
  readonly verdict: Verdict
  /** One sentence: what it is needed for. */
  readonly why: string
  /** In the order in which they are best tried; empty unless the verdict is "short" or, for one that may apply, "unknown". */
  readonly mend: ReadonlyArray<Remedy>
}

/** Beyond this a limit binds nobody: `fs.file-max` is 2^63 - 1 on many systems. */
const ENDLESS = 1e15

export const count = (value: number): string =>
  value > ENDLESS ? "no limit" : value.toLocaleString("en-US", { maximumFractionDigits: 1 })

const GB = 2 ** 30
const MB = 2 ** 20

/** Memory, rounded up to what is readable. */
export const memory = (bytes: number): string =>
  bytes > ENDLESS
    ? "no limit"
    : bytes >= GB
      ? `${(bytes / GB).toLocaleString("en-US", { minimumFractionDigits: 1, maximumFractionDigits: 1 })} GB`
      : `${Math.ceil(bytes / MB)} MB`

/** Up to two leading digits, so that a setting has some room: 1,200,512 → 1,300,000. */
export const roomy = (value: number): number => {
  const step = 10 ** Math.max(0, Math.floor(Math.log10(Math.max(1, value))) - 1)
  return Math.ceil(value / step) * step
}

/** Settings of the whole machine can be written on the host only; those of a network namespace belong to the container. */
export type Extent = "machine" | "network"

export const sysctl = (name: string, value: number, extent: Extent = "machine"): Remedy => ({
  when: `as root (in a container: ${extent === "machine" ? "on the host" : "by docker run --sysctl"})`,
  command: `sysctl -w ${name}=${value}`,
  lasting: `${name} = ${value}`
})

interface AtLeast {
  readonly name: string
  readonly required: number
  readonly found: number | undefined
  readonly why: string
  readonly mend: () => ReadonlyArray<Remedy>
  /** How numbers are written. */
  readonly write?: (value: number) => string
  readonly remark?: string
}

/** The check that there is as much as is required. */
export const atLeast = ({ name, required, found, why, mend, write = count, remark = "" }: AtLeast): Check => {
  const verdict = found === undefined ? "unknown" : found >= required ? "ok" : "short"
  return {
    name,
    required: write(required),
    found: found === undefined ? "not readable" : write(found),
    remark: found === undefined ? "" : remark,
    verdict,
    why,
    mend: verdict === "short" ? mend() : []
  }
}
