/**
 * A network of its own for a node, joined to this machine by one cable: a network namespace, and a pair of virtual interfaces whose end on this side
 * is a port of a switch. With the port down packets vanish: nobody is told that a connection has ended. It ends with the test. Linux, as root.
 */
import { spawnSync } from "node:child_process"
import { onTestFinished } from "vitest"

/** Throws with what `ip` says. */
const ip = (...args: ReadonlyArray<string>): void => {
  const { status, stderr, error } = spawnSync("ip", args, { encoding: "utf8" })
  if (status !== 0) throw new Error(`ip ${args.join(" ")}: ${error?.message ?? stderr.trim()}`)
}

let made = 0

export class Island {
  /** No longer than interfaces may be called. */
  readonly #name = `clr${process.pid.toString(36)}${(made++).toString(36)}`
  readonly #switch = `${this.#name}s`
  readonly #port = `${this.#name}p`
  readonly #cable = `${this.#name}c`
  /** Of this machine, on the switch. */
  readonly here: string
  /** Of the node. */
  readonly there: string

  /** The network is four addresses of those set aside for tests of networks (RFC 2544). */
  private constructor() {
    const block = (process.pid + made * 4099) % 16_384
    const addressAt = (host: number) => `198.18.${block >> 6}.${(block & 63) * 4 + host}`
    this.here = addressAt(1)
    this.there = addressAt(2)
  }

  /** Throws where it cannot be made. */
  static make(): Island {
    const island = new Island()
    try {
      island.#lay()
      return island
    } catch (error) {
      island.remove()
      throw error
    }
  }

  static forTest(): Island {
    const island = Island.make()
    onTestFinished(() => island.remove())
    return island
  }

  /** Before a command that is to run there. */
  get within(): ReadonlyArray<string> {
    return ["ip", "netns", "exec", this.#name]
  }

  unplug(): void {
    ip("link", "set", this.#port, "down")
  }

  plug(): void {
    ip("link", "set", this.#port, "up")
  }

  /** Its processes, if any, go on without a network. */
  remove(): void {
    for (const device of [this.#port, this.#switch]) spawnSync("ip", ["link", "del", device])
    spawnSync("ip", ["netns", "del", this.#name])
  }

  #lay(): void {
    const there = ["-n", this.#name]
    ip("netns", "add", this.#name)
    ip("link", "add", this.#switch, "type", "bridge")
    ip("addr", "add", `${this.here}/30`, "dev", this.#switch)
    ip("link", "set", this.#switch, "up")
    ip("link", "add", this.#port, "type", "veth", "peer", "name", this.#cable, "netns", this.#name)
    ip("link", "set", this.#port, "master", this.#switch, "up")
    ip(...there, "addr", "add", `${this.there}/30`, "dev", this.#cable)
    ip(...there, "link", "set", this.#cable, "up")
    ip(...there, "link", "set", "lo", "up")
  }
}

/** Undefined: there can be islands on this machine. Otherwise why there are none. */
export const noIsland: string | undefined = (() => {
  try {
    Island.make().remove()
    return undefined
  } catch (error) {
    return `skipped: no network namespace (as root, on Linux, with iproute2): ${(error as Error).message}`
  }
})()
