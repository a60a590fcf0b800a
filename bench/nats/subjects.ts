/** What NATS pays for channels: memory of a subscription, of a subject with its first and its next message, their bytes on disk, and CPU of reading one. */
import { readdirSync, statSync } from "node:fs"
import { join } from "node:path"
import { jetstream, jetstreamManager, StorageType } from "@nats-io/jetstream"
import { connect, type NatsConnection } from "@nats-io/transport-node"
import type { Server } from "../support/children.ts"
import { anonymousMemory, exactCpuUs } from "../support/procfs.ts"
import type { Figure } from "./cases.ts"

const SUBJECTS = 100_000
const READS = 20_000
const UNDER_WAY = 256

/** As long as those of channels of a user each. */
const subjectOf = (at: number) => `clarion.history.news.personal:#user-${at}`

/** Runs it for each number below `count`, so many at once. */
const each = async (count: number, run: (at: number) => Promise<unknown>): Promise<void> => {
  let next = 0
  await Promise.all(
    Array.from({ length: UNDER_WAY }, async () => {
      while (next < count) await run(next++)
    })
  )
}

const filesOf = (folder: string): number =>
  readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .reduce((sum, entry) => sum + statSync(join(entry.path, entry.name)).size, 0)

const subscriptionBytes = async (connection: NatsConnection, pid: number): Promise<number> => {
  const before = anonymousMemory(pid)
  for (let at = 0; at < SUBJECTS; at++) connection.subscribe(`live.${subjectOf(at)}`, { callback: () => {} })
  await connection.flush()
  return (anonymousMemory(pid) - before) / SUBJECTS
}

/** @param folder where the server keeps its streams */
export const subjectFigures = async (
  { port, pid }: Server,
  folder: string,
  bytes: number
): Promise<ReadonlyArray<Figure>> => {
  const connection = await connect({ servers: `127.0.0.1:${port}` })
  const ofSubscription = await subscriptionBytes(connection, pid)
  const manager = await jetstreamManager(connection)
  await manager.streams.add({
    name: "history",
    subjects: ["clarion.history.>"],
    storage: StorageType.File,
    max_msgs_per_subject: 100
  })
  const client = jetstream(connection, { timeout: 20_000 })
  const payload = Buffer.alloc(bytes, "x")
  const grown = async () => {
    const before = anonymousMemory(pid)
    await each(SUBJECTS, (at) => client.publish(subjectOf(at), payload))
    return (anonymousMemory(pid) - before) / SUBJECTS
  }
  const first = await grown()
  const onDisk = filesOf(folder) / SUBJECTS
  const next = await grown()
  const cpu = exactCpuUs(pid)
  await each(READS, (at) => manager.streams.getMessage("history", { last_by_subj: subjectOf(at) }))
  const read = (exactCpuUs(pid) - cpu) / READS
  await connection.close()
  return [
    { label: "**memory of a subscription**, bytes", value: ofSubscription, digits: 0 },
    { label: "**memory of a subject with one message**, bytes", value: first, digits: 0 },
    { label: "memory of each further message, bytes", value: next, digits: 0 },
    { label: "**on disk of a message**, bytes", value: onDisk, digits: 0 },
    { label: "**CPU of reading the last message of a subject**, µs", value: read, digits: 1 }
  ]
}
