/** What a publication costs on core NATS, that is, whatever is on its way to those who listen now. */

import { once } from "node:events"
import { connect as connectSocket } from "node:net"
import { connect } from "@nats-io/transport-node"
import type { Server } from "../support/children.ts"
import { exactCpuUs } from "../support/procfs.ts"
import type { Figure } from "./cases.ts"
import { RawListener } from "./RawListener.ts"

const SUBJECT = "clarion.live.news"
/** Publications that leave together where many are under way. */
const TOGETHER = 100

interface Listened {
  readonly cpuUs: number
  readonly bytes: number
}

/** Who publishes without a library, and what it writes for one publication. */
const openSource = async (server: Server, payload: Buffer) => {
  const source = connectSocket(server.port, "127.0.0.1").setNoDelay(true)
  await once(source, "connect")
  source.resume()
  source.write('CONNECT {"verbose":false}\r\n')
  const head = Buffer.from(`PUB ${SUBJECT} ${payload.length}\r\n`)
  return { source, one: Buffer.concat([head, payload, Buffer.from("\r\n")]) }
}

/**
 * Bytes to one listener and CPU of the server for each publication, sent `together` by one who waits until all have
 * them.
 */
const listened = async (
  server: Server,
  listeners: number,
  payload: Buffer,
  publications: number,
  together: number
): Promise<Listened> => {
  const open = await Promise.all(
    Array.from({ length: listeners }, () => RawListener.open(server.port, SUBJECT))
  )
  const { source, one } = await openSource(server, payload)
  const first = Promise.all(open.map((listener) => listener.arrived(payload.length)))
  source.write(one)
  await first
  // What follows the payload may come later than it.
  await new Promise((resolve) => setImmediate(resolve))
  const each = `MSG ${SUBJECT} 1 ${payload.length}\r\n`.length + payload.length + 2
  const batch = Buffer.concat(Array.from({ length: together }, () => one))
  const rounds = Math.ceil(publications / together)
  const round = async () => {
    for (const listener of open) listener.restart()
    const all = Promise.all(open.map((listener) => listener.arrived(each * together)))
    source.write(batch)
    await all
  }
  for (let i = 0; i < rounds / 4; i++) await round()
  const before = exactCpuUs(server.pid)
  let bytes = 0
  for (let i = 0; i < rounds; i++) {
    await round()
    for (const listener of open) bytes += listener.bytes
  }
  const cpuUs = (exactCpuUs(server.pid) - before) / (rounds * together)
  for (const listener of open) listener.close()
  source.destroy()
  return { cpuUs, bytes: bytes / (rounds * together * listeners) }
}

/** CPU of this process for each publication, with the client library, one way after the other. */
const library = async (server: Server, payload: Buffer, publications: number) => {
  const connection = await connect({ port: server.port })
  const cpuOf = async (work: () => Promise<void>): Promise<number> => {
    const before = process.cpuUsage()
    await work()
    const { user, system } = process.cpuUsage(before)
    return (user + system) / publications
  }
  const publish = async () => {
    for (let i = 0; i < publications; i++) {
      connection.publish("clarion.live.nobody", payload)
      if (i % TOGETHER === TOGETHER - 1) await connection.flush()
    }
    await connection.flush()
  }
  await publish()
  const sends = await cpuOf(publish)
  let left = 0
  let done = () => {}
  connection.subscribe(SUBJECT, {
    callback: () => {
      if (--left === 0) done()
    }
  })
  await connection.flush()
  const { source, one } = await openSource(server, payload)
  const take = (together: number) => async () => {
    for (let sent = 0; sent < publications; sent += together) {
      left = together
      const all = new Promise<void>((resolve) => {
        done = resolve
      })
      source.write(Buffer.concat(Array.from({ length: together }, () => one)))
      await all
    }
  }
  await take(TOGETHER)()
  const takes = await cpuOf(take(TOGETHER))
  source.destroy()
  await connection.close()
  return { sends, takes }
}

/** Cost that grows by the same with each listener: the least squares of what was measured. */
const lineThrough = (points: ReadonlyArray<readonly [x: number, y: number]>) => {
  const mean = (of: (point: readonly [number, number]) => number) =>
    points.reduce((sum, point) => sum + of(point), 0) / points.length
  const [x, y] = [mean(([x]) => x), mean(([, y]) => y)]
  const slope =
    points.reduce((sum, [px, py]) => sum + (px - x) * (py - y), 0) /
    points.reduce((sum, [px]) => sum + (px - x) ** 2, 0)
  return { slope, constant: y - slope * x }
}

const LISTENERS = [1, 2, 4, 16]

export const liveFigures = async (
  server: Server,
  bytes: number,
  publications: number
): Promise<ReadonlyArray<Figure>> => {
  const payload = Buffer.alloc(bytes, "x")
  const figures: Array<Figure> = []
  for (const together of [1, TOGETHER]) {
    const way = together === 1 ? "one at a time" : `${together} together`
    const points: Array<readonly [number, number]> = []
    for (const listeners of LISTENERS) {
      const { cpuUs, bytes } = await listened(server, listeners, payload, publications, together)
      points.push([listeners, cpuUs])
      figures.push({ label: `${way}, ${listeners} listen: bytes to each`, value: bytes, digits: 1 })
      figures.push({ label: `${way}, ${listeners} listen: CPU of the server, µs`, value: cpuUs, digits: 2 })
    }
    const { slope, constant } = lineThrough(points)
    figures.push({ label: `${way}: **CPU of the server for a publication, µs**`, value: constant, digits: 2 })
    figures.push({ label: `${way}: **and for each that listens, µs**`, value: slope, digits: 2 })
  }
  const { sends, takes } = await library(server, payload, publications)
  figures.push({ label: `${TOGETHER} together: **CPU of a node that sends, µs**`, value: sends, digits: 2 })
  figures.push({ label: `${TOGETHER} together: **CPU of a node that takes, µs**`, value: takes, digits: 2 })
  return figures
}
