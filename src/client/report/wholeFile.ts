/** A file, whole or not at all: written beside its place under another name and moved there. */
import { rmSync, statSync, writeFileSync } from "node:fs"
import { rename, rm, writeFile } from "node:fs/promises"

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

/** Never rejects. A file that was at `path` stays as it was unless the new one is complete. */
export const writeWhole = async (path: string, text: string): Promise<FileNotWritten | undefined> => {
  try {
    await writeFile(unfinishedAt(path), text, { flush: true })
    await rename(unfinishedAt(path), path)
    return undefined
  } catch (cause) {
    await rm(unfinishedAt(path), { force: true }).catch(() => {})
    return notWritten(path, cause)
  }
}

/** Whether it could be written now, by trying; what is at `path` stays as it is. For the start of a program: nothing else waits for it. */
export const tryToWrite = (path: string): FileNotWritten | undefined => {
  try {
    if (statSync(path, { throwIfNoEntry: false })?.isDirectory()) throw new Error("it is a directory")
    writeFileSync(unfinishedAt(path), "")
    rmSync(unfinishedAt(path))
    return undefined
  } catch (cause) {
    return notWritten(path, cause)
  }
}
