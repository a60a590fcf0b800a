/** Configurations and configuration files for tests. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as Result from "effect/Result"
import type { Settings } from "../../src/config/Keys.ts"
import { type ServerConfigValue, serverConfig } from "../../src/config/ServerConfig.ts"

/** These settings over the built-in values; throws where they are wrong. */
export const configWith = (settings: Settings<ServerConfigValue> = {}): ServerConfigValue =>
  Result.getOrThrow(serverConfig(settings))

/** Calls `use` with a folder that is gone afterwards. */
export const withFolder = <A>(use: (folder: string) => A): A => {
  const folder = mkdtempSync(join(tmpdir(), "clarion-"))
  try {
    return use(folder)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Calls `use` with the path of a file of this content. */
export const withFile = <A>(content: string, use: (file: string) => A): A =>
  withFolder((folder) => {
    const file = join(folder, "config.json")
    writeFileSync(file, content)
    return use(file)
  })
