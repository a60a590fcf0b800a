/**
 * One process for one directory. The lock is a Unix socket in it on which its holder listens: the kernel stops listening when a process ends,
 * however it ends, so no stale lock keeps anybody out; and it is seen from other containers that have the directory.
 *
 * Locks are numbered, `clarion.lock.1` and on, and the one with the highest number counts. Who finds that nobody listens there makes the next
 * number, which the file system grants to one only, by giving a socket that is listened on already that name; who then sees a higher number has
 * come too late. The highest is never removed, so a number that counted is never given again.
 */
import { closeSync, linkSync, openSync, readdirSync, rmSync } from "node:fs"
import { createConnection, createServer, type Server } from "node:net"
import { join } from "node:path"

const NAME = /^clarion\.lock\.(\d+)$/
const nameOf = (number: number) => `clarion.lock.${number}`

/** Others who start at the same moment can take a number away so often at most: each of them takes one, and somebody has the lock then. */
const MAX_TRIES = 100

const numbersIn = (directory: string): ReadonlyArray<number> =>
  readdirSync(directory).flatMap((name) => {
    const number = NAME.exec(name)?.[1]
    return number === undefined ? [] : [Number(number)]
  })

const hasCode = (error: unknown, ...codes: ReadonlyArray<string>): boolean =>
  codes.includes((error as NodeJS.ErrnoException).code ?? "")

/** Whether a living process listens there. One that is stopped or busy does; a file that is gone, or no socket, has nobody. */
const isHeld = (path: string): Promise<boolean> =>
  new Promise((resolve) => {
    const connection = createConnection(path)
    const tell = (held: boolean) => {
      connection.destroy()
      resolve(held)
    }
    connection.once("connect", () => tell(true))
    connection.once("error", (error) => tell(!hasCode(error, "ECONNREFUSED", "ENOENT", "ENOTSOCK")))
  })

const listen = (path: string): Promise<Server> =>
  new Promise((resolve, reject) => {
    const server = createServer((connection) => connection.destroy())
    server.unref()
    server.once("error", reject)
    server.listen({ path, exclusive: true }, () => resolve(server))
  })

const close = (server: Server): Promise<void> => new Promise((resolve) => server.close(() => resolve()))

const give = (from: string, to: string): boolean => {
  try {
    linkSync(from, to)
    return true
  } catch (error) {
    if (hasCode(error, "EEXIST")) return false
    throw error
  }
}

/** Takes the lock with a socket that is listened on under a name of its own; false: another process has it. */
const take = async (own: string, directory: string, within: (name: string) => string): Promise<boolean> => {
  for (let tries = 0; tries < MAX_TRIES; tries++) {
    const last = Math.max(0, ...numbersIn(directory))
    if (last > 0 && (await isHeld(within(nameOf(last))))) return false
    const mine = join(directory, nameOf(last + 1))
    if (!give(own, mine)) continue
    const numbers = numbersIn(directory)
    if (Math.max(...numbers) === last + 1) {
      for (const number of numbers)
        if (number <= last) rmSync(join(directory, nameOf(number)), { force: true })
      return true
    }
    rmSync(mine, { force: true })
  }
  return false
}

export interface DirectoryLock {
  readonly release: () => Promise<void>
}

/**
 * Undefined: another holder lives, in this process or another one. Rejects where the directory takes no sockets.
 *
 * A socket's path is short (107 bytes on Linux), so it is reached through the descriptor of its directory where the system has that.
 */
export const lockDirectory = async (directory: string): Promise<DirectoryLock | undefined> => {
  const descriptor = openSync(directory, "r")
  try {
    const base = process.platform === "linux" ? `/proc/self/fd/${descriptor}` : directory
    const within = (name: string) => join(base, name)
    const own = `clarion.lock-${process.pid}-${Math.random().toString(36).slice(2)}`
    const server = await listen(within(own))
    const isTaken = await take(join(directory, own), directory, within).catch(async (error: unknown) => {
      rmSync(join(directory, own), { force: true })
      await close(server)
      throw error
    })
    rmSync(join(directory, own), { force: true })
    if (!isTaken) {
      await close(server)
      return undefined
    }
    return { release: () => close(server) }
  } finally {
    closeSync(descriptor)
  }
}
