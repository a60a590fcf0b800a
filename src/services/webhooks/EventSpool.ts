/**
 * Events that wait for delivery, in a file, so that they outlive the process: appended before they are sent, removed after they were delivered.
 *
 * One event a line, oldest first; a line `#12` says that the first twelve of the file are delivered. A line is handed to the operating
 * system before its event is sent, and not forced to the disk: the file outlives a crash of the process, not of the machine. It is written anew
 * at each start and when most of it is delivered, so it is never larger than twice what waits, and a mebibyte.
 */
import { constants } from "node:fs"
import { type FileHandle, mkdir, open, readFile, rename, rm } from "node:fs/promises"
import { dirname } from "node:path"
import * as Clock from "effect/Clock"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as Semaphore from "effect/Semaphore"
import { isJsonText } from "../../protocol/rawJson.ts"

/** The file cannot be read or written. */
export class SpoolFailed extends Data.TaggedError("SpoolFailed")<{
  readonly file: string
  readonly detail: string
}> {
  override get message(): string {
    return `${this.file} cannot be used: ${this.detail}`
  }
}

/** Bytes of delivered events that the file may have before it is written anew. */
const MAX_WASTE = 1_048_576
/** A file that could not be written is tried again after so long. */
const RETRY_MS = 10_000

/** What is left in a file, oldest first, and how many events in it cannot be read. */
export const parseSpool = (
  content: string
): { readonly left: ReadonlyArray<string>; readonly broken: number } => {
  const lines = content.split("\n")
  // Behind the last newline: nothing, or a line that was not written to its end.
  const torn = lines.pop()!
  const events = lines.filter((line) => !line.startsWith("#"))
  const delivered = lines.findLast((line) => /^#\d+$/.test(line))
  const waiting = events.slice(delivered === undefined ? 0 : Number(delivered.slice(1)))
  const left = waiting.filter((line) => line.startsWith("{") && isJsonText(line))
  return { left, broken: waiting.length - left.length + (torn.startsWith("{") ? 1 : 0) }
}

export interface EventSpool {
  /** Events of earlier runs that cannot be read. */
  readonly broken: number
  /** Whether the file holds what it should. */
  readonly isSound: () => boolean
  /**
   * Appends events, one JSON object each without newlines. Where it fails they are in the file as soon as that can be written again.
   */
  readonly append: (events: ReadonlyArray<string>) => Effect.Effect<void, SpoolFailed>
  /** Removes the oldest so many. */
  readonly remove: (count: number) => Effect.Effect<void, SpoolFailed>
}

const asLines = (events: ReadonlyArray<string>): string => events.map((event) => `${event}\n`).join("")

/**
 * Opens the file, for one process alone, or makes it. The scope's end closes it and leaves it.
 *
 * @param takes asked about each event that is left; one that is not taken is removed
 */
export const openSpool = (
  file: string,
  takes: (event: string) => boolean
): Effect.Effect<EventSpool, SpoolFailed, Scope.Scope> =>
  Effect.gen(function* () {
    const io = <A>(use: () => Promise<A>): Effect.Effect<A, SpoolFailed> =>
      Effect.tryPromise({
        try: use,
        catch: (error) => new SpoolFailed({ file, detail: (error as Error).message })
      })
    const turns = Semaphore.makeUnsafe(1)

    const { left, broken } = yield* Effect.map(
      io(async () => {
        await mkdir(dirname(file), { recursive: true, mode: 0o700 })
        return readFile(file, "utf8").catch((error: NodeJS.ErrnoException) => {
          if (error.code === "ENOENT") return ""
          throw error
        })
      }),
      parseSpool
    )

    /** What the file holds, or would if it could be written: events not delivered, and the bytes of their lines. */
    const live = left.filter(takes)
    let liveBytes = Buffer.byteLength(asLines(live))
    /** The file itself: its bytes, and how many events of it are delivered. */
    let fileBytes = 0
    let delivered = 0
    let handle: FileHandle | undefined
    let brokenUntil = Number.NEGATIVE_INFINITY

    const write = (text: string) =>
      io(async () => {
        await handle!.appendFile(text)
        fileBytes += Buffer.byteLength(text)
      })

    /** Writes a new file and puts it in the place of the old one. */
    const rewrite = io(async () => {
      const next = `${file}.new`
      await rm(next, { force: true })
      const flags = constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | constants.O_EXCL
      const opened = await open(next, flags, 0o600)
      try {
        await opened.appendFile(asLines(live))
        await opened.datasync()
        await rename(next, file)
      } catch (error) {
        await opened.close()
        throw error
      }
      await handle?.close().catch(() => {})
      handle = opened
      fileBytes = liveBytes
      delivered = 0
    })

    const clear = io(async () => {
      await handle!.truncate(0)
      fileBytes = 0
      delivered = 0
    })

    /** After a failed write nothing is known of the file: it is written anew, but not at every occasion. */
    const change = (update: () => void, whereSound: () => Effect.Effect<void, SpoolFailed>) =>
      Effect.gen(function* () {
        const now = yield* Clock.currentTimeMillis
        update()
        if (now < brokenUntil) return
        yield* (handle === undefined ? rewrite : whereSound()).pipe(
          Effect.tapError(() =>
            Effect.promise(async () => {
              brokenUntil = now + RETRY_MS
              await handle?.close().catch(() => {})
              handle = undefined
            })
          )
        )
      }).pipe(turns.withPermit, Effect.uninterruptible)

    yield* Effect.addFinalizer(() => Effect.promise(async () => handle?.close().catch(() => {})))
    yield* rewrite

    return {
      broken,
      isSound: () => handle !== undefined,
      append: (events) => {
        const lines = asLines(events)
        return change(
          () => {
            for (const event of events) live.push(event)
            liveBytes += Buffer.byteLength(lines)
          },
          () => write(lines)
        )
      },
      remove: (count) =>
        change(
          () => {
            liveBytes -= Buffer.byteLength(asLines(live.splice(0, count)))
            delivered += count
          },
          () => {
            if (live.length === 0) return clear
            return fileBytes > 2 * liveBytes + MAX_WASTE ? rewrite : write(`#${delivered}\n`)
          }
        )
    }
  })
