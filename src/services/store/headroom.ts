/**
 * Room on the disk that is taken before LMDB needs it: zeros are written behind the last page that is in use, so that a full disk is met here,
 * where it is an ordinary answer. In LMDB itself it must not be met: its telling of a failed write (lmdb 3.5.6, mdb_page_flush) overruns the
 * memory of its message, which ends the process sooner or later.
 *
 * On file systems that write every block to a new place (btrfs, ZFS), room that was taken does not hold, and this protects less.
 */
import { type FileHandle, open } from "node:fs/promises"

/** The file grows by so much at least, and by an eighth of what it has. */
const LEAST_STEP = 1024 * 1024
const CHUNK = Buffer.alloc(1024 * 1024)
/** Pages for the roots, the list of free pages, and tables that are new. */
const FIXED_PAGES = 64

/**
 * Pages that a transaction can take at most. What it changes is written to new pages: of those that are there each once, and no more than lie on
 * the ways to what it writes (three each, as a rule). Each of them can be split once before it is filled with what is written, and pages are a
 * quarter full after that at least; what leads to them takes as much again.
 */
export const pagesNeeded = (writes: number, bytes: number, usedPages: number, pageSize: number): number =>
  FIXED_PAGES +
  Math.min(3 * writes, usedPages) +
  Math.min(writes, usedPages) +
  Math.ceil((8 * (bytes + 16 * writes)) / pageSize)

export class Headroom {
  readonly #file: FileHandle
  #size: number

  private constructor(file: FileHandle, size: number) {
    this.#file = file
    this.#size = size
  }

  static async open(path: string): Promise<Headroom> {
    const file = await open(path, "r+")
    return new Headroom(file, (await file.stat()).size)
  }

  /** Not called again before it has settled. Rejects with what the system says (ENOSPC), and leaves the file as long as it was. */
  async reserve(bytes: number): Promise<void> {
    if (bytes <= this.#size) return
    const size = Math.max(bytes, this.#size + Math.max(LEAST_STEP, Math.floor(this.#size / 8)))
    // A disk that is nearly full may have room for what is needed now.
    await this.#grow(size).catch(() => this.#grow(bytes))
  }

  close(): Promise<void> {
    return this.#file.close()
  }

  async #grow(size: number): Promise<void> {
    // LMDB may have written further.
    const before = Math.max(this.#size, (await this.#file.stat()).size)
    try {
      for (let at = before; at < size; ) {
        const { bytesWritten } = await this.#file.write(CHUNK, 0, Math.min(CHUNK.length, size - at), at)
        at += bytesWritten
      }
    } catch (error) {
      await this.#file.truncate(before)
      throw error
    }
    this.#size = Math.max(before, size)
  }
}

/** Bytes of LMDB's own lock file, which it maps: with 126 readers it has less. */
const LOCK_FILE_SIZE = 16_384

/** A file that LMDB maps and writes to through the map has its room before; where the disk is full this throws, and not a signal ends the process. */
export const reserveLockFile = async (path: string): Promise<void> => {
  const file = await open(path, "a")
  try {
    const { size } = await file.stat()
    if (size < LOCK_FILE_SIZE) await file.appendFile(Buffer.alloc(LOCK_FILE_SIZE - size))
  } finally {
    await file.close()
  }
}
