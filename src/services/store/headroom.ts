/**
 * Room on the disk that is taken before LMDB needs it: zeros are written behind the last page that is in use, so that a full disk is met here,
 * where it is an ordinary answer. In LMDB itself it must not be met: its telling of a failed write (lmdb 3.5.6, mdb_page_flush) overruns the
 * memory of its message, which ends the process sooner or later.
 *
 * On file systems that write every block to a new place (btrfs, ZFS), room that was taken does not hold, and this protects less.
 */
import { closeSync, fstatSync, ftruncateSync, openSync, writeSync } from "node:fs"

/** The file grows by so much at least, and by an eighth of what it has. */
const LEAST_STEP = 1024 * 1024
const CHUNK = Buffer.alloc(1024 * 1024)
/** Pages for the roots, the list of free pages, and tables that are new. */
const FIXED_PAGES = 64

/**
 * Pages that a transaction can take at most. A write changes one leaf page, which may be split, and pages are a quarter full after that at
 * least; what leads to them takes half as much again, at most as much as they do; what is changed elsewhere is bounded by what there is.
 */
export const pagesNeeded = (writes: number, bytes: number, usedPages: number, pageSize: number): number =>
  FIXED_PAGES + 4 * Math.min(writes, usedPages) + Math.ceil((8 * (bytes + 16 * writes)) / pageSize)

export class Headroom {
  readonly #descriptor: number
  #size: number

  constructor(file: string) {
    this.#descriptor = openSync(file, "r+")
    this.#size = fstatSync(this.#descriptor).size
  }

  /** @throws what the system says (ENOSPC), and leaves the file as long as it was */
  reserve(bytes: number): void {
    if (bytes <= this.#size) return
    const size = Math.max(bytes, this.#size + Math.max(LEAST_STEP, Math.floor(this.#size / 8)))
    try {
      this.#grow(size)
    } catch {
      // A disk that is nearly full may have room for what is needed now.
      this.#grow(bytes)
    }
  }

  close(): void {
    closeSync(this.#descriptor)
  }

  #grow(size: number): void {
    // LMDB may have written further.
    const before = Math.max(this.#size, fstatSync(this.#descriptor).size)
    try {
      for (let at = before; at < size; at += CHUNK.length)
        writeAll(this.#descriptor, CHUNK.subarray(0, Math.min(CHUNK.length, size - at)), at)
    } catch (error) {
      ftruncateSync(this.#descriptor, before)
      throw error
    }
    this.#size = Math.max(before, size)
  }
}

const writeAll = (descriptor: number, bytes: Uint8Array, at: number): void => {
  for (let written = 0; written < bytes.length; )
    written += writeSync(descriptor, bytes, written, bytes.length - written, at + written)
}

/** Bytes of LMDB's own lock file, which it maps: with 126 readers it has less. */
const LOCK_FILE_SIZE = 16_384

/** A file that LMDB maps and writes to through the map has its room before; where the disk is full this throws, and not a signal ends the process. */
export const reserveLockFile = (file: string): void => {
  const descriptor = openSync(file, "a")
  try {
    const { size } = fstatSync(descriptor)
    if (size < LOCK_FILE_SIZE) writeAll(descriptor, Buffer.alloc(LOCK_FILE_SIZE - size), size)
  } finally {
    closeSync(descriptor)
  }
}
