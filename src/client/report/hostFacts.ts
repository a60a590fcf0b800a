/** The machine that a run was measured on, without which its figures say little. */
import * as os from "node:os"

export interface HostFacts {
  /** Node's version, such as "v20.20.2". */
  readonly node: string
  /** Operating system, its release and the architecture. */
  readonly platform: string
  /** Cores this process may use, and what they are. */
  readonly cores: number
  readonly cpu: string
  readonly memoryBytes: number
}

export const hostFacts = (): HostFacts => ({
  node: process.version,
  platform: `${os.platform()} ${os.release()} ${os.arch()}`,
  cores: os.availableParallelism(),
  cpu: os.cpus()[0]?.model.trim() ?? "unknown",
  memoryBytes: os.totalmem()
})
