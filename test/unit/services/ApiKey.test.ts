import { chmodSync, mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { describe, expect, it } from "vitest"
import type { Settings } from "../../../src/config/Keys.ts"
import { ServerConfig, type ServerConfigValue } from "../../../src/config/ServerConfig.ts"
import { ApiKey } from "../../../src/services/ApiKey.ts"
import { CapturedLogs } from "../../support/CapturedLogs.ts"
import { configWith, withFolder } from "../../support/configurations.ts"

/** One start of the server: its key, and what it logs. */
const start = (settings: Settings<ServerConfigValue>) => {
  const logs = new CapturedLogs()
  const layer = ApiKey.layer.pipe(
    Layer.provide(Layer.succeed(ServerConfig, configWith(settings))),
    Layer.provide(logs.layer)
  )
  return { ...Effect.runSync(Effect.provide(ApiKey, layer)), logs }
}

const kept = (folder: string) => readFileSync(join(folder, "api-key"), "utf8").trim()

describe("a key in the configuration", () => {
  it("is the right one, alone", () => {
    const { isRight, logs } = start({ auth: { apiKey: "hunter2" } })
    expect(isRight("hunter2")).toBe(true)
    for (const wrong of [undefined, "", "hunter", "hunter22", "HUNTER2", " hunter2"])
      expect(isRight(wrong)).toBe(false)
    expect(JSON.stringify(logs.lines)).not.toContain("hunter2")
  })

  it("leaves the store alone", () => {
    withFolder((folder) => {
      const path = join(folder, "store")
      start({ auth: { apiKey: "hunter2" }, store: { path } })
      expect(() => statSync(path)).toThrow("ENOENT")
    })
  })
})

describe("without one in the configuration", () => {
  it("a key is made, kept for this user alone, and shown once", () => {
    withFolder((folder) => {
      const path = join(folder, "deep", "store")
      const { isRight, logs } = start({ store: { path } })
      const key = kept(path)
      expect(key).toMatch(/^[A-Za-z0-9_-]{32}$/)
      expect([isRight(key), isRight(`${key}x`), isRight(undefined)]).toEqual([true, false, false])
      expect(statSync(join(path, "api-key")).mode & 0o777).toBe(0o600)
      expect(statSync(path).mode & 0o777).toBe(0o700)
      expect(logs.texts("Info")).toEqual([
        `API key made, kept in ${join(path, "api-key")}; it is shown this once: ${key}`
      ])
    })
  })

  it("the kept key is read again at the next start, and not shown again", () => {
    withFolder((path) => {
      start({ store: { path } })
      const key = kept(path)
      const { isRight, logs } = start({ store: { path } })
      expect([isRight(key), kept(path)]).toEqual([true, key])
      expect(logs.texts("Info")).toEqual([`API key read from ${join(path, "api-key")}`])
    })
  })

  it("a key that somebody wrote into the store is taken without the space around it", () => {
    withFolder((path) => {
      writeFileSync(join(path, "api-key"), "  mine\n\n")
      expect(start({ store: { path } }).isRight("mine")).toBe(true)
    })
  })

  it("is told to the rest of the server at the start that made it, and not later", () => {
    withFolder((path) => {
      expect(start({ store: { path } }).madeNow).toBe(kept(path))
      expect(start({ store: { path } }).madeNow).toBeUndefined()
      expect(start({ auth: { apiKey: "hunter2" } }).madeNow).toBeUndefined()
    })
  })

  it("each store has a key of its own", () => {
    withFolder((one) =>
      withFolder((two) => {
        start({ store: { path: one } })
        start({ store: { path: two } })
        expect(kept(one)).not.toBe(kept(two))
      })
    )
  })
})

describe("secrets that are derived from a key", () => {
  const derived = (apiKey: string, purpose: string) =>
    start({ auth: { apiKey } }).derive(purpose).toString("hex")

  it("are the same as long as the key is, and another for each purpose", () => {
    expect(derived("hunter2", "one")).toMatch(/^[\da-f]{64}$/)
    expect(derived("hunter2", "one")).toBe(derived("hunter2", "one"))
    expect(derived("hunter2", "one")).not.toBe(derived("hunter2", "two"))
    expect(derived("hunter2", "one")).not.toBe(derived("hunter3", "one"))
  })
})

describe("a store that cannot be used", () => {
  const temporaryKey = (logs: CapturedLogs) =>
    / until the next start it is (\S+)$/.exec(logs.texts("Warn")[0] ?? "")?.[1]

  it.each<readonly [string, (folder: string) => string]>([
    [
      "is a file",
      (folder) => {
        writeFileSync(join(folder, "store"), "")
        return join(folder, "store")
      }
    ],
    ["lies below a file", (folder) => join(folder, "file", "store")],
    [
      "has a folder where the key should be",
      (folder) => {
        mkdirSync(join(folder, "api-key"))
        return folder
      }
    ]
  ])("because it %s is a warning, and the server goes on with a key of its own", (_, prepare) => {
    withFolder((folder) => {
      writeFileSync(join(folder, "file"), "")
      const { isRight, logs } = start({ store: { path: prepare(folder) } })
      expect(logs.texts("Warn")).toHaveLength(1)
      expect(logs.texts("Warn")[0]).toContain("the API key cannot be kept in ")
      const key = temporaryKey(logs)
      expect(key).toMatch(/^[A-Za-z0-9_-]{32}$/)
      expect([isRight(key), isRight("")]).toEqual([true, false])
    })
  })

  it.skipIf(process.getuid?.() === 0)("because it is read-only is a warning, too", () => {
    withFolder((folder) => {
      chmodSync(folder, 0o500)
      const { isRight, logs } = start({ store: { path: folder } })
      expect(isRight(temporaryKey(logs))).toBe(true)
    })
  })

  // Nobody may change the mode of a file of /proc: so it is with a file on a read-only disk, or of another user.
  it("because it is read-only does not take the key that is kept in it from its users", () => {
    withFolder((path) => {
      symlinkSync("/proc/sys/kernel/ostype", join(path, "api-key"))
      const { isRight, logs } = start({ store: { path } })
      expect(isRight("Linux")).toBe(true)
      expect(logs.texts("Warn")).toEqual([
        expect.stringMatching(/^the API key in .*api-key cannot be kept from other users: EPERM/)
      ])
      expect(logs.texts("Info")).toEqual([`API key read from ${join(path, "api-key")}`])
    })
  })

  it.each(["", "\n", "   \n"])("because the kept key is empty (%j) does not let everyone in", (content) => {
    withFolder((path) => {
      writeFileSync(join(path, "api-key"), content)
      const { isRight } = start({ store: { path } })
      expect(isRight("")).toBe(false)
    })
  })

  it("because the kept key is empty is mended with a key for this user alone", () => {
    withFolder((path) => {
      const file = join(path, "api-key")
      writeFileSync(file, "", { mode: 0o644 })
      const { isRight } = start({ store: { path } })
      expect([kept(path).length, isRight(kept(path))]).toEqual([32, true])
      expect(statSync(file).mode & 0o777).toBe(0o600)
    })
  })
})
