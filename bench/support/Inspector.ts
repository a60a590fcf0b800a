/** The inspector of a Node process: garbage is collected and profiles are taken in a server that knows nothing of it. */
import { writeFileSync } from "node:fs"
import { WebSocket } from "ws"
import { Failed } from "./children.ts"

const ANSWER_MS = 60_000
/** A profile of some minutes. */
const MAX_ANSWER_BYTES = 2 ** 30
const SAMPLE_US = 250

interface Answer {
  readonly id?: number
  readonly result?: unknown
  readonly error?: { readonly message: string }
}

export class Inspector {
  readonly #socket: WebSocket
  #id = 0

  private constructor(socket: WebSocket) {
    this.#socket = socket
  }

  /** @param port of a process that was started with `--inspect=127.0.0.1:<port>` */
  static async connect(port: number): Promise<Inspector> {
    const list = await fetch(`http://127.0.0.1:${port}/json/list`)
    const [target] = (await list.json()) as ReadonlyArray<{ readonly webSocketDebuggerUrl: string }>
    if (target === undefined) throw new Failed("there is nothing to inspect")
    const socket = new WebSocket(target.webSocketDebuggerUrl, { maxPayload: MAX_ANSWER_BYTES })
    await new Promise((resolve, reject) => socket.once("open", resolve).once("error", reject))
    return new Inspector(socket)
  }

  /** Twice, so that what finalizers let go is gone, too. */
  async collectGarbage(): Promise<void> {
    await this.#ask("HeapProfiler.collectGarbage")
    await this.#ask("HeapProfiler.collectGarbage")
  }

  async startProfile(): Promise<void> {
    await this.#ask("Profiler.enable")
    await this.#ask("Profiler.setSamplingInterval", { interval: SAMPLE_US })
    await this.#ask("Profiler.start")
  }

  /** @param file a .cpuprofile, as developer tools read it */
  async stopProfile(file: string): Promise<void> {
    const { profile } = (await this.#ask("Profiler.stop")) as { readonly profile: unknown }
    writeFileSync(file, JSON.stringify(profile))
  }

  end(): void {
    this.#socket.terminate()
  }

  #ask(method: string, params: object = {}): Promise<unknown> {
    const id = ++this.#id
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => fail("no answer"), ANSWER_MS)
      const fail = (why: string) => settle(() => reject(new Failed(`${method}: ${why}`)))
      const settle = (act: () => void) => {
        clearTimeout(timer)
        this.#socket.off("message", onMessage).off("close", onClose)
        act()
      }
      const onClose = () => fail("the process ended")
      const onMessage = (data: Buffer) => {
        const answer = JSON.parse(data.toString()) as Answer
        if (answer.id !== id) return
        if (answer.error === undefined) settle(() => resolve(answer.result))
        else fail(answer.error.message)
      }
      this.#socket.on("message", onMessage).on("close", onClose)
      this.#socket.send(JSON.stringify({ id, method, params }))
    })
  }
}
