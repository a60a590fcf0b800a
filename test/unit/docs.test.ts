import { execFileSync } from "node:child_process"
import { readFileSync } from "node:fs"
import { describe, expect, it } from "vitest"
import { clientKeys } from "../../src/config/ClientConfig.ts"
import { serverKeys } from "../../src/config/ServerConfig.ts"

const read = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), "utf8")

const made = (script: string) =>
  execFileSync(process.execPath, [script], { cwd: new URL("../..", import.meta.url), encoding: "utf8" })

describe("docs/configuration.md", () => {
  it("is what the tables of keys say", () => {
    expect(read("docs/configuration.md")).toBe(made("scripts/configuration-docs.mjs"))
  })
})

describe("docs/errors.md", () => {
  it("is what the tables of codes say", () => {
    expect(read("docs/errors.md")).toBe(made("scripts/errors-docs.mjs"))
  })
})

describe("docs/grafana/clarion.json", () => {
  it("is what its script makes", () => {
    expect(JSON.parse(read("docs/grafana/clarion.json"))).toEqual(
      JSON.parse(made("scripts/grafana-dashboard.mjs"))
    )
  })
})

describe("README", () => {
  it("names only keys that exist", () => {
    const known = new Set([...Object.keys(serverKeys), ...Object.keys(clientKeys)])
    const table = /## Configuration\n([\s\S]*?)\n## /.exec(read("README.md"))?.[1] ?? ""
    const named = [...table.matchAll(/^\| `([a-zA-Z.]+)`/gm)].map(([, key]) => key!)
    expect(named.length).toBeGreaterThan(10)
    expect(named.filter((key) => !known.has(key))).toEqual([])
  })
})
