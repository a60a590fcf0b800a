/** What others have published about systems of this size. */

/**
 * "Broadcasts on the order of a hundred million within one minute" from 400 physical machines, with more than 3,000
 * instances in nine clusters that were independent of each other: Zhou Yang (Qihoo 360) about his company's push
 * system, Gopher China, 2015.
 */
export const published = {
  connections: 100e6,
  seconds: 60,
  machines: 400,
  /** A second, of one machine in production. */
  perMachine: { least: 20_000, most: 50_000 },
  who: "Qihoo 360, 2015"
} as const

/** Messages a second of one machine, if all 400 had a part in a broadcast of exactly that size. */
export const publishedPerMachine = published.connections / published.seconds / published.machines
