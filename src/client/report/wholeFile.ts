/**
 * A file, whole or not at all: written beside its place under another name and moved there. Behind a symbolic link it is the link's target
 * that is replaced; what is no plain file, such as a pipe, is written into, as is what this process has open already (/dev/stdout), whatever
 * that is.
 */
import {
  accessSync,
  constants,
  lstatSync,
  readlinkSync,
  realpathSync,
  rmSync,
  statSync,
  writeFileSync,
  writeFile as writeFileTo,
  writeSync
} from "node:fs"
import { rename, rm, writeFile } from "node:fs/promises"
import { basename, dirname, join, resolve } from "node:path"
import { promisify } from "node:util"

/** As Linux does. */
const MAX_LINKS = 40

export interface FileNotWritten {
  readonly kind: "fileNotWritten"
  readonly path: string
  readonly message: string
}

const unfinishedAt = (path: string): string => `${path}.${process.pid}.tmp`

const notWritten = (path: string, cause: unknown): FileNotWritten => ({
  kind: "fileNotWritten",
  path,
  message: cause instanceof Error ? cause.message : String(cause)
})

/** The path without symbolic links, also where there is no file yet, or no folder. */
export const realPath = (path: string, links = MAX_LINKS): string => {
  try {
    return realpathSync(path)
  } catch {
    const target = links > 0 ? linkTarget(path) : undefined
    if (target !== undefined) return realPath(resolve(dirname(path), target), links - 1)
    const folder = dirname(resolve(path))
    return folder === resolve(path) ? folder : join(realPath(folder, links), basename(path))
  }
}

const linkTarget = (path: string): string | undefined => {
  try {
    return lstatSync(path).isSymbolicLink() ? readlinkSync(path) : undefined
  } catch {
    return undefined
  }
}

/** Where a process finds what it has open: on Linux below /proc, elsewhere below /dev. */
const DESCRIPTOR = new RegExp(`^(?:/proc/${process.pid}|/dev)/fd/([0-9]+)$`)

/**
 * The descriptor that a path leads to, over links: 1 for /dev/stdout. Where a shell has redirected that to a plain file, others write to it,
 * too: it must stay where it is, and go on from where they are.
 */
const descriptorAt = (path: string, links = MAX_LINKS): number | undefined => {
  const found = DESCRIPTOR.exec(join(realPath(dirname(resolve(path))), basename(path)))
  if (found !== null) return Number(found[1])
  const target = links > 0 ? linkTarget(path) : undefined
  return target === undefined ? undefined : descriptorAt(resolve(dirname(path), target), links - 1)
}

const writeToOpen = promisify(writeFileTo)

/** Whether there is something that keeps no text: nothing there could be replaced. */
const isNoPlainFile = (path: string): boolean => {
  const found = statSync(path, { throwIfNoEntry: false })
  return found !== undefined && !found.isFile() && !found.isDirectory()
}

/** Never rejects. A file that was at `path` stays as it was unless the new one is complete. */
export const writeWhole = async (path: string, text: string): Promise<FileNotWritten | undefined> => {
  let unfinished: string | undefined
  try {
    if (isNoPlainFile(path)) {
      await writeFile(path, text)
      return undefined
    }
    const descriptor = descriptorAt(path)
    if (descriptor !== undefined) {
      await writeToOpen(descriptor, text)
      return undefined
    }
    const target = realPath(path)
    unfinished = unfinishedAt(target)
    await writeFile(unfinished, text, { flush: true })
    await rename(unfinished, target)
    return undefined
  } catch (cause) {
    if (unfinished !== undefined) await rm(unfinished, { force: true }).catch(() => {})
    return notWritten(path, cause)
  }
}

/** Whether it could be written now, by trying; what is at `path` stays as it is. For the start of a program: nothing else waits for it. */
export const tryToWrite = (path: string): FileNotWritten | undefined => {
  try {
    if (statSync(path, { throwIfNoEntry: false })?.isDirectory()) throw new Error("it is a directory")
    if (isNoPlainFile(path)) {
      accessSync(path, constants.W_OK)
      return undefined
    }
    const descriptor = descriptorAt(path)
    if (descriptor !== undefined) {
      writeSync(descriptor, "")
      return undefined
    }
    const unfinished = unfinishedAt(realPath(path))
    writeFileSync(unfinished, "")
    rmSync(unfinished)
    return undefined
  } catch (cause) {
    return notWritten(path, cause)
  }
}
