/** A folder for a server that all tests of a file use; it goes with them. */
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll } from "vitest"

export const withServerFolder = (): string => {
  const folder = mkdtempSync(join(tmpdir(), "clarion-test-"))
  afterAll(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}
