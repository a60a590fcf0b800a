/** The client protocol by hand: frames go out as they are written, and the lines of what comes back can be waited for. */
import type { ClientOptions } from "ws"
import { type Client, connect, type End } from "../server/clients.ts"

/** Without what differs from run to run: ids, epochs, the server's version. */
export const masked = (text: string): string =>
  text
    .replace(/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g, "ID")
    .replace(/"epoch":"[a-zA-Z]{8}"/g, '"epoch":"EPOCH"')
    .replace(/"version":"\d+\.\d+\.\d+"/g, '"version":"VERSION"')

export interface ScriptOptions extends ClientOptions {
  /** Path and query. */
  readonly path?: string
  readonly protocols?: ReadonlyArray<string>
}

export class Script {
  constructor(readonly client: Client) {}

  /** Each frame of the server, as text. */
  get frames(): ReadonlyArray<string> {
    return this.client.messages.all.map(String)
  }

  /** The messages in them. */
  get lines(): ReadonlyArray<string> {
    return this.frames.flatMap((frame) => frame.split("\n"))
  }

  get ended(): Promise<End> {
    return this.client.ended
  }

  /** One frame with these commands, one on each line. */
  say(...commands: ReadonlyArray<string | object>): Promise<void> {
    const lines = commands.map((command) => (typeof command === "string" ? command : JSON.stringify(command)))
    return this.client.send(lines.join("\n"))
  }

  /** The first lines, as soon as there are so many; what differs from run to run is masked. */
  async first(count: number): Promise<ReadonlyArray<string>> {
    await this.until((lines) => lines.length >= count)
    return this.lines.slice(0, count).map(masked)
  }

  /** The first line that fits, present or to come, parsed. */
  // biome-ignore lint/suspicious/noExplicitAny: what the server says is looked into
  async line(fits: (line: any) => boolean): Promise<any> {
    const find = () => this.lines.map((line) => JSON.parse(line)).find(fits)
    await this.until(() => find() !== undefined)
    return find()
  }

  // biome-ignore lint/suspicious/noExplicitAny: what the server says is looked into
  reply(id: number): Promise<any> {
    return this.line((line) => line.id === id)
  }

  /** Pushes of a channel so far. */
  // biome-ignore lint/suspicious/noExplicitAny: what the server says is looked into
  pushes(channel: string): ReadonlyArray<any> {
    return this.lines.flatMap((line) => {
      const { push } = JSON.parse(line)
      return push?.channel === channel ? [push] : []
    })
  }

  async until(met: (lines: ReadonlyArray<string>) => boolean): Promise<void> {
    await this.client.messages.until(() => met(this.lines))
  }
}

/** Opens a WebSocket of the protocol; nothing is said yet. */
export const openScript = async (
  { port }: { readonly port: number },
  { path = "/connection/websocket", protocols = [], ...options }: ScriptOptions = {}
): Promise<Script> => new Script(await connect(`ws://127.0.0.1:${port}${path}`, { ...options }, protocols))

/** One that has connected. */
export const connectScript = async (
  server: { readonly port: number },
  request: object = {},
  options: ScriptOptions = {}
): Promise<Script> => {
  const script = await openScript(server, options)
  await script.say({ id: 1, connect: request })
  await script.reply(1)
  return script
}
