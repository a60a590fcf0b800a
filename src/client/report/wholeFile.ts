/** A file, whole or not at all: written beside its place under another name and moved there. */
import { rename, rm, stat, writeFile } from "node:fs/promises"

export interface FileNotWritten {
  readonly kind: "fileNotWritten"
  readonly path: string
  readonly message: string
}

const unfinishedAt = (path: string): string => `${path}.${process.pid}.tmp`

const notWritten = async (path: string, cause: unknown): Promise<FileNotWritten> => {
  await rm(unfinishedAt(path), { force: true }).catch(() => {})
  return { kind: "fileNotWritten", path, message: cause instanceof Error ? cause.message : String(cause) }
}

/** Never rejects. A file that was at `path` stays as it was unless the new one is complete. */
export const writeWhole = async (path: string, text: string): Promise<FileNotWritten | undefined> => {
  try {
    await writeFile(unfinishedAt(path), text, { flush: true })
    await rename(unfinishedAt(path), path)
    return undefined
  } catch (cause) {
    return notWritten(path, cause)
  }
}

/** Whether it could be written now, by trying. Never rejects; what is at `path` stays as it is. */
export const tryToWrite = async (path: string): Promise<FileNotWritten | undefined> => {
  try {
    const there = await stat(path).catch(() => undefined)
    if (there?.isDirectory()) throw new Error("it is a directory")
    await writeFile(unfinishedAt(path), "")
    await rm(unfinishedAt(path))
    return undefined
  } catch (cause) {
    return notWritten(path, cause)
  }
}
