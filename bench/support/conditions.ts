/** Where a run takes place. */
import { hostFacts } from "clarion/client/report/hostFacts"
import type { Cores } from "./pinning.ts"

export const machine = (cores: Cores): string => {
  const { cpu, node, platform } = hostFacts()
  const where =
    "unpinned" in cores
      ? `not pinned to cores, as ${cores.unpinned}`
      : `server on core ${cores.server}, driver on core ${cores.driver}`
  return `${cpu}, ${platform}, Node ${node}; ${where}`
}
