/** The machine that a run was measured on. */
import * as os from "node:os"
import type { HostFacts } from "../../protocol/report.ts"
import { openFileLimit } from "../../services/openFiles.ts"

export const hostFacts = (): HostFacts => ({
  node: process.version,
  platform: `${os.platform()} ${os.release()} ${os.arch()}`,
  kernel: os.version(),
  cores: os.availableParallelism(),
  cpu: os.cpus()[0]?.model.trim() ?? "unknown",
  memoryBytes: os.totalmem(),
  openFiles: openFileLimit() ?? null
})
