/** What is typed and not shown, and what comes by a pipe. */
import { createInterface } from "node:readline"
import { Writable } from "node:stream"
import * as Effect from "effect/Effect"
import { WrongUsage } from "./failures.ts"

/** Asks on stderr, so that what the command prints can be taken by another program, and shows nothing of the answer. */
export const askHidden = (question: string): Effect.Effect<string, WrongUsage> =>
  Effect.callback((resume) => {
    process.stderr.write(question)
    const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() })
    const lines = createInterface({ input: process.stdin, output: nowhere, terminal: true })
    const end = (result: Effect.Effect<string, WrongUsage>) => {
      lines.removeAllListeners()
      lines.close()
      process.stderr.write("\n")
      resume(result)
    }
    const stopped = () => end(Effect.fail(new WrongUsage({ detail: "no password was given" })))
    lines.once("line", (line) => end(Effect.succeed(line)))
    lines.once("SIGINT", stopped)
    lines.once("close", stopped)
    return Effect.sync(() => lines.close())
  })

/** All of the input as text; undefined where it is longer. @param limit bytes of it */
export const readAll = (limit: number): Effect.Effect<string | undefined> =>
  Effect.promise(async () => {
    const chunks: Array<Buffer> = []
    let size = 0
    for await (const chunk of process.stdin) {
      size += (chunk as Buffer).length
      if (size > limit) return undefined
      chunks.push(chunk as Buffer)
    }
    return Buffer.concat(chunks).toString()
  })
