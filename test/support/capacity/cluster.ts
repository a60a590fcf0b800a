/** The cluster of `npm run simulate` without options; a test changes what it is about. */
import type { Cluster } from "../../../src/capacity/simulation/Cluster.ts"

export const cluster = ({ workers = 7, ...changes }: Partial<Cluster> = {}): Cluster => ({
  nodes: 400,
  connectionsEach: 250_000,
  workers,
  natsServers: 3,
  messageSeconds: 12.5e-6,
  admitSeconds: { others: 190e-6 / workers, all: 190e-6 / workers },
  detectMs: 0,
  copySeconds: 7e-6,
  wireSeconds: 0.3e-6,
  hopMs: 0.25,
  ...changes
})
