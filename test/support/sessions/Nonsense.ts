/** Frames as clients send them, and as nobody should, from one number: the same number gives the same frames. */

const CHANNELS = ["$a", "nowhere:a", "a#1,2", "", "caf\u00e9", "x".repeat(256), "__proto__", "constructor"]
const TEXTS = ["", "a", "_", "epoch", "\ud800", "\u0000", "__proto__", "0", "null"]
const NUMBERS = [-1, 300, 4294967295, 4294967296, 9007199254740991, 9007199254740992, 1.5, 1e300]
const VALUES = [
  "null",
  "true",
  "{}",
  "[]",
  '""',
  "0",
  '{"a":[1,2,{"b":null}]}',
  '"\\u00e9"',
  "12345678901234567890"
]
const METHODS = ["subscribe", "unsubscribe", "publish", "presence", "presence_stats", "history", "rpc"]
/** Most of them end the connection. */
const RARE_METHODS = ["connect", "send", "refresh", "sub_refresh", "ping", "subscrib"]

export class Nonsense {
  #state: number

  constructor(seed: number) {
    this.#state = seed >>> 0
  }

  /** From 0 to below a limit. */
  below(limit: number): number {
    this.#state = (Math.imul(this.#state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((this.#state / 2 ** 32) * limit)
  }

  of<A>(all: ReadonlyArray<A>): A {
    return all[this.below(all.length)]!
  }

  /** True in one of so many cases. */
  one(of: number): boolean {
    return this.below(1_000_000) * of < 1_000_000
  }

  /** A few commands that could be right. */
  commands(): string {
    const count = this.one(3) ? 1 + this.below(4) : 1
    return Array.from({ length: count }, () => this.command()).join("\n")
  }

  command(): string {
    if (this.one(100)) return "{}"
    const method = this.one(40) ? this.of(RARE_METHODS) : this.of(METHODS)
    const fields: Array<string> = []
    const put = (name: string, value: string, isOften = false) => {
      if (this.one(isOften ? 1.1 : 2)) fields.push(`"${name}":${value}`)
    }
    const number = () => String(this.one(60) ? this.of(NUMBERS) : this.below(12))
    const text = () => this.#text(TEXTS)
    put("channel", this.#text(this.one(8) ? CHANNELS : ["a", "b"]), true)
    put("data", this.one(60) ? "nul" : this.of(VALUES), true)
    if (this.one(30)) put("token", text())
    put("recover", this.#flag())
    put("offset", number())
    put("epoch", text())
    put("delta", this.#text(this.one(60) ? TEXTS : ["fossil"]))
    put("flag", String(this.below(4)))
    if (this.one(8)) put("tf", this.#filter(0))
    put("limit", number())
    put("since", `{"offset":${number()},"epoch":${text()}}`)
    put("reverse", this.#flag())
    put("join_leave", this.#flag())
    if (this.one(20)) put("type", String(this.below(5)))
    if (method === "connect") {
      put("subs", `{${this.#text(CHANNELS)}:{"recover":true,"epoch":${text()}}}`)
      put("headers", `{${text()}:${text()}}`)
    }
    return `{"id":${this.one(60) ? this.of(NUMBERS) : 1 + this.below(1000)},"${method}":{${fields.join(",")}}}`
  }

  #text(all: ReadonlyArray<string>): string {
    return JSON.stringify(this.of(all))
  }

  #flag(): string {
    return this.one(100) ? '"true"' : String(this.one(2))
  }

  #filter(depth: number): string {
    const inner = depth > 3 || this.one(2) ? "" : `,"nodes":[${this.#filter(depth + 1)}]`
    return `{"op":${this.#text(["", "and", "or", "not", "xor"])},"key":${this.#text(TEXTS)},"cmp":${this.#text(["eq", "in", "gt", "?"])},"val":"1"${inner}}`
  }

  /** Something was lost, doubled or turned round on the way. */
  damaged(frame: Uint8Array): Buffer {
    const bytes = Buffer.from(frame)
    if (bytes.length === 0) return Buffer.from([this.below(256)])
    for (let times = 1 + this.below(3); times > 0; times--) {
      const at = this.below(bytes.length)
      switch (this.below(4)) {
        case 0:
          bytes[at] = this.below(256)
          break
        case 1:
          bytes[at] = bytes[this.below(bytes.length)]!
          break
        case 2:
          return bytes.subarray(0, at)
        default:
          return Buffer.concat([bytes.subarray(0, at), bytes.subarray(this.below(at + 1))])
      }
    }
    return bytes
  }

  bytes(): Buffer {
    return Buffer.from(Array.from({ length: this.below(40) }, () => this.below(256)))
  }
}
