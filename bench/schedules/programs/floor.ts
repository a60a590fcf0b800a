/**
 * The least that must happen for a message that is due: a timer, 16 KiB forced to the disk, a write to a TCP connection of another process.
 * `floor.js DIRECTORY COUNT APART_MS` tells how long after their times the messages came.
 */
import { type ChildProcess, fork } from "node:child_process"
import { open } from "node:fs/promises"
import { connect, createServer, type Socket } from "node:net"
import { join } from "node:path"
import { LatencyHistogram } from "clarion/client/metrics/LatencyHistogram"

const [directory = "", count = "0", apartMs = "10", asClient = ""] = process.argv.slice(2)
const PAGES = Buffer.alloc(16_384)
/** Written before the first message is due: what is measured is written over it. */
const PLACES = 1_000

const now = () => performance.timeOrigin + performance.now()
const until = async (at: number) => {
  while (Date.now() < at) await new Promise((resolve) => setTimeout(resolve, at - Date.now()))
}

/** Tells its parent the result. */
const hear = (port: number) => {
  const lateMs = new LatencyHistogram()
  const socket = connect(port, "127.0.0.1")
  socket.on("data", (chunk) => {
    const at = now()
    for (const due of chunk.toString().trim().split("\n")) lateMs.record(Math.max(0, at - Number(due)))
  })
  socket.once("close", () => process.send?.(lateMs.summary()))
}

const send = async (socket: Socket) => {
  socket.setNoDelay(true)
  const file = await open(join(directory, "floor"), "w")
  for (let place = 0; place < PLACES; place++) await file.write(PAGES, 0, PAGES.length, place * PAGES.length)
  await file.sync()
  const first = Date.now() + 1_000
  for (let number = 0; number < Number(count); number++) {
    const due = first + number * Number(apartMs)
    await until(due)
    await file.write(PAGES, 0, PAGES.length, (number % PLACES) * PAGES.length)
    await file.datasync()
    socket.write(`${due}\n`)
  }
  await file.close()
  socket.end()
}

if (asClient !== "") hear(Number(asClient))
else {
  const server = createServer((socket) => void send(socket))
  server.listen(0, "127.0.0.1", () => {
    const { port } = server.address() as { readonly port: number }
    const client: ChildProcess = fork(process.argv[1]!, [directory, count, apartMs, String(port)])
    client.once("message", (summary) => {
      process.stdout.write(JSON.stringify(summary))
      client.disconnect()
      server.close()
    })
  })
}
