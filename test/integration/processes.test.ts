/** The link between a process of ours and its children, over real processes. */
import { type ChildProcess, fork, spawn } from "node:child_process"
import { createInterface } from "node:readline"
import { fileURLToPath } from "node:url"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Schema from "effect/Schema"
import * as Scope from "effect/Scope"
import { describe, expect, it, onTestFinished } from "vitest"
import { type ChildEnded, type ChildLink, startChild } from "../../src/services/processes/ChildLink.ts"
import { linkToParent } from "../../src/services/processes/ParentLink.ts"
import { gone, isRunning } from "../support/processes/running.ts"
import { Heard } from "../support/server/Heard.ts"

const at = (name: string) => fileURLToPath(new URL(`../support/processes/${name}`, import.meta.url))

const Echoed = Schema.TaggedUnion({ Echoed: { value: Schema.Unknown } })

type Told =
  | { readonly _tag: "Echo"; readonly value: unknown }
  | { readonly _tag: "TalkNonsense" | "Finish" | "Fail" | "Die" }
  | { readonly _tag: "Exit"; readonly code: number }
  | { readonly _tag: "FlushAndFinish"; readonly bytes: number }
  | { readonly _tag: "Unheard of" }

const forkChild = () => fork(at("child.mjs"), [], { serialization: "advanced", silent: true })

class Child {
  readonly echoes = new Heard<unknown>()
  readonly stderr: Array<string> = []
  process: ChildProcess | undefined

  constructor(
    readonly scope: Scope.Closeable,
    public link: ChildLink<Told> = undefined as never
  ) {}

  get ended(): Promise<ChildEnded> {
    return Effect.runPromise(this.link.ended)
  }

  echo(value: unknown): void {
    this.link.send({ _tag: "Echo", value })
  }

  close(): Promise<void> {
    return Effect.runPromise(Scope.close(this.scope, Exit.void))
  }
}

const start = async (forking: () => ChildProcess = forkChild): Promise<Child> => {
  const child = new Child(await Effect.runPromise(Scope.make()))
  onTestFinished(() => child.close())
  const starting = startChild<typeof Echoed.Type, Told>({
    fork: () => {
      child.process = forking()
      child.process.stderr?.on("data", (part) => child.stderr.push(String(part)))
      return child.process
    },
    incoming: Echoed,
    onMessage: ({ value }) => child.echoes.add(value)
  })
  child.link = await Effect.runPromise(Scope.provide(starting, child.scope))
  return child
}

describe("messages to a child and back", () => {
  it("arrive in order, also those that were sent before it could hear", async () => {
    const child = await start()
    for (let i = 0; i < 100; i++) child.echo(i)
    await child.echoes.count(100)
    for (let i = 100; i < 200; i++) child.echo(i)
    expect(await child.echoes.count(200)).toEqual(Array.from({ length: 200 }, (_, i) => i))
  })

  it("carry bytes as bytes, and numbers that JSON has not", async () => {
    const child = await start()
    const value = { bytes: Uint8Array.of(0, 255, 128), times: [Number.NaN, 1.5, Number.POSITIVE_INFINITY] }
    child.echo(value)
    const [echo] = (await child.echoes.count(1)) as ReadonlyArray<typeof value>
    expect(echo?.bytes).toBeInstanceOf(Uint8Array)
    expect([...echo!.bytes]).toEqual([...value.bytes])
    expect(echo?.times).toEqual(value.times)
  })

  it("that were sent before the child ended have all arrived when that is told", async () => {
    const child = await start()
    child.link.send({ _tag: "FlushAndFinish", bytes: 5_000_000 })
    await child.echoes.count(1)
    expect(await child.ended).toMatchObject({ code: 0, signal: null })
    expect((child.echoes.all[0] as Uint8Array).length).toBe(5_000_000)
  })

  it("to a child that is gone go nowhere, and fail nothing", async () => {
    const child = await start()
    child.link.send({ _tag: "Exit", code: 0 })
    await child.ended
    child.echo("too late")
    expect(child.echoes.all).toEqual([])
  })
})

describe("the end of a child", () => {
  it("by its own exit is told with its code", async () => {
    const child = await start()
    child.link.send({ _tag: "Exit", code: 7 })
    const end = await child.ended
    expect([end._tag, end.code, end.signal, end.message]).toEqual([
      "ChildEnded",
      7,
      null,
      "it exited with code 7"
    ])
  })

  it("by a signal is told with its name", async () => {
    const child = await start()
    child.link.kill("SIGKILL")
    const end = await child.ended
    expect([end.code, end.signal, end.message]).toEqual([null, "SIGKILL", "it was ended by SIGKILL"])
  })

  it("is its own work's: what is still open does not keep it alive", async () => {
    const child = await start()
    child.link.send({ _tag: "Finish" })
    expect((await child.ended).code).toBe(0)
  })

  it("by an expected failure is an exit code without a word, by a bug one with its stack", async () => {
    const [failing, dying] = [await start(), await start()]
    const closed = (child: Child) => new Promise((resolve) => child.process!.once("close", resolve))
    const both = Promise.all([closed(failing), closed(dying)])
    failing.link.send({ _tag: "Fail" })
    dying.link.send({ _tag: "Die" })
    await both
    expect([(await failing.ended).code, failing.stderr.join("")]).toEqual([1, ""])
    expect([(await dying.ended).code, dying.stderr.join("")]).toEqual([
      1,
      expect.stringContaining("a bug in the child")
    ])
  })

  it("comes with the end of the scope, whatever it is at, and the scope waits for it", async () => {
    const child = await start()
    child.echo(1)
    await child.echoes.count(1)
    child.link.kill("SIGSTOP")
    await child.close()
    // Set when its end is known, not when it is asked for.
    expect(child.process?.signalCode).toBe("SIGKILL")
    expect(isRunning(child.link.pid)).toBe(false)
    expect((await child.ended).signal).toBe("SIGKILL")
  })

  it("comes when it sends what fits no schema, and says why", async () => {
    const child = await start()
    child.link.send({ _tag: "TalkNonsense" })
    child.echo("never looked at")
    const end = await child.ended
    expect(end.violation).toBeDefined()
    expect(end.message).toContain("it sent what cannot be read")
    expect(child.echoes.all).toEqual([])
  })

  it("is told also where it could not be started at all", async () => {
    const child = await start(() => spawn("/nowhere/at/all", { stdio: ["ignore", "pipe", "pipe", "ipc"] }))
    expect((await child.ended).message).toContain("ENOENT")
    await child.close()
  })
})

describe("a child of ours", () => {
  it("does not heed SIGTERM and SIGINT: its parent tells it when to end", async () => {
    const child = await start()
    child.echo(1)
    await child.echoes.count(1)
    for (const signal of ["SIGTERM", "SIGINT"] as const) child.link.kill(signal)
    child.echo(2)
    expect(await child.echoes.count(2)).toEqual([1, 2])
  })

  it("ends when its parent sends what fits no schema", async () => {
    const child = await start()
    child.link.send({ _tag: "Unheard of" })
    expect((await child.ended).code).not.toBe(0)
  })

  it("hears that its parent let go of the channel", async () => {
    const child = await start()
    const lines = new Heard<string>()
    createInterface({ input: child.process!.stdout! }).on("line", lines.add)
    child.echo(1)
    await child.echoes.count(1)
    child.process!.disconnect()
    expect(await lines.count(1)).toEqual([`child ${child.link.pid}: the parent is gone`])
    expect((await child.ended).code).toBe(0)
  })

  it("hears that its parent was killed, and ends", async () => {
    const parent = spawn(process.execPath, [at("parent.mjs")], { stdio: ["ignore", "pipe", "inherit"] })
    onTestFinished(() => void parent.kill("SIGKILL"))
    const lines = new Heard<string>()
    createInterface({ input: parent.stdout }).on("line", lines.add)
    // The pipe is closed when the last process has let go of it: the child.
    const closed = new Promise((resolve) => parent.once("close", resolve))
    const pid = Number((await lines.first((line) => /^parent of \d+$/.test(line))).split(" ").at(-1))
    parent.kill("SIGKILL")
    await closed
    expect(lines.all.at(-1)).toBe(`child ${pid}: the parent is gone`)
    await gone(pid)
  })
})

it("a process that has no parent of ours is told so", async () => {
  // The test's own process may have a channel of its runner.
  const send = process.send
  Reflect.deleteProperty(process, "send")
  try {
    const error = await Effect.runPromise(Effect.flip(linkToParent(Echoed, () => {})))
    expect(error).toMatchObject({ _tag: "NoParent" })
    expect(error.message).toContain("run server.js or client.js")
  } finally {
    if (send !== undefined) process.send = send
  }
})
