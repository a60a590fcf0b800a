import { describe, expect, it } from "vitest"
import { start } from "../support/client/Program.ts"
import { launch, type ServerProcess } from "../support/server/ServerProcess.ts"

/** What a program says and its exit code, with so many open files. */
const ask = async (args: ReadonlyArray<string>, openFiles = 4000) => {
  const program = start(args, { openFiles })
  const { code } = await program.ended
  return { code, output: program.output, errors: program.errors }
}

const row = (output: string, name: string): ReadonlyArray<string> | undefined =>
  output
    .split("\n")
    .find((line) => line.startsWith(name))
    ?.split(/ {2,}/)

describe("node dist/server.js --doctor", () => {
  it("finds nothing short for a small size, and exits with 0", async () => {
    const { code, output, errors } = await ask(["dist/server.js", "--doctor", "--totalSize", "1000"])
    expect([code, errors]).toEqual([0, ""])
    expect(output).toContain("server: 1,000 connections, in one process, over ")
    expect(row(output, "open files")).toEqual(["open files", "1,333", "4,000", "ok"])
    expect(output).toContain("\nNothing is short")
  })

  it("tells the commands for a size beyond this machine, and exits with 1", async () => {
    const { code, output, errors } = await ask(["dist/server.js", "--doctor", "--totalSize", "100000000"])
    expect([code, errors]).toEqual([1, ""])
    expect(row(output, "open files")).toEqual(["open files", "100,000,512", "4,000", "short"])
    expect(output.split("\n")).toContain("ulimit -n 100000512")
  })

  it("has a remedy that it then finds good itself", async () => {
    const size = ["dist/server.js", "--doctor", "--totalSize", "20000"]
    const before = await ask(size)
    expect(before.code).toBe(1)
    const [, ...flags] = /^node dist\/server\.js (.*)$/m.exec(before.output)![0]!.split(" ").slice(1)
    expect(flags).toEqual(["--server.workers", "auto"])
    const after = await ask([...size, ...flags])
    expect([after.code, row(after.output, "open files")?.at(-1)]).toEqual([0, "ok"])
  })

  it("says which transport it reckons with", async () => {
    const { output } = await ask([
      "dist/server.js",
      "--doctor",
      "--totalSize",
      "1",
      "--server.transport",
      "ws"
    ])
    expect(output).toContain("1 connection, in one process, over ws")
  })

  it("tells what is wrong with a configuration, and exits with 78", async () => {
    const { code, output, errors } = await ask(["dist/server.js", "--doctor", "--totalSize", "many"])
    expect([code, output]).toEqual([78, ""])
    expect(errors).toContain("totalSize")
  })
})

describe("node dist/client.js --doctor", () => {
  it("finds nothing short for a small size, and exits with 0", async () => {
    const { code, output, errors } = await ask(["dist/client.js", "--doctor", "--total.clients", "6000"])
    expect([code, errors]).toEqual([0, ""])
    expect(output).toContain("client: 6,000 connections from 1 address, 2 processes, server on this machine")
    expect(row(output, "open files")).toEqual(["open files", "3,512", "4,000 a process", "ok"])
  })

  it("tells the commands for a size beyond this machine, and exits with 1", async () => {
    const { code, output, errors } = await ask(["dist/client.js", "--doctor", "--total.clients", "100000000"])
    expect([code, errors]).toEqual([1, ""])
    expect(row(output, "local ports")?.at(-1)).toBe("short")
    expect(output.split("\n")).toContain(
      "node dist/client.js --total.clients 50000 --local.ip 127.0.1.1-127.0.8.208"
    )
  })

  it("tells what is wrong with a configuration, and exits with 78", async () => {
    expect((await ask(["dist/client.js", "--doctor", "--total.clients", "0"])).code).toBe(78)
  })
})

describe("the start of the server", () => {
  const isWarning = (line: string) => line.includes("short of")

  /** All that a server says of shortages until it ends. */
  const warningsTo = async (server: ServerProcess): Promise<ReadonlyArray<string>> => {
    server.kill("SIGTERM")
    expect(await server.ended).toEqual({ code: 0, signal: null })
    return server.lines.all.filter(isWarning)
  }

  it.each([[[]], [["--server.workers", "2"]]])(
    "warns once, in one line, of all that is short (%o)",
    async (flags) => {
      const server = launch(["--totalSize", "100000", ...flags], { openFiles: 4000 })
      await Promise.all([server.port(), server.lines.first(isWarning)])
      expect(await warningsTo(server)).toEqual([
        expect.stringMatching(
          /^this machine is short of: .*open files \(4,000 of [0-9,]+\).*; node dist\/server\.js --doctor tells the commands$/
        )
      ])
    }
  )

  it("says nothing of it where nothing is short", async () => {
    const server = launch(["--totalSize", "1000"], { openFiles: 4000 })
    await server.port()
    expect(await warningsTo(server)).toEqual([])
  })
})
