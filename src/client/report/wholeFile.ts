/**
 * A file, whole or not at all: written beside its place under another name and moved there. Behind a symbolic link it is the link's target
 * that is replaced; what is no plain file, such as a pipe or /dev/stdout, is written into.
 */
import {
  accessSync,
  constants,
  lstatSync,
  readlinkSync,
  realpathSync,
  rmSync,
  statSync,
  writeFileSync
} from "node:fs"
import { rename, rm, writeFile } from "node:fs/promises"
import { basename, dirname, join, resolve } from "node:path"

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
    const unfinished = unfinishedAt(realPath(path))
    writeFileSync(unfinished, "")
    rmSync(unfinished)
    return undefined
  } catch (cause) {
    return notWritten(path, cause)
  }
}
