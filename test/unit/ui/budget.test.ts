import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { gzipSync } from "node:zlib"
import { describe, expect, it } from "vitest"

const pages = fileURLToPath(new URL("../../../dist/ui", import.meta.url))

const read = (path: string): string => {
  try {
    return readFileSync(join(pages, path), "utf8")
  } catch {
    throw new Error(`dist/ui/${path} is not there: the pages are built by "npm run build"`)
  }
}

/** Paths of what a page or script loads of its own server. */
const named = (text: string, from: string): ReadonlyArray<string> => [
  ...[...text.matchAll(/(?:src|href)="\/([^"]+)"/g)].map(([, path]) => path!),
  ...[...text.matchAll(/(?:from|import)\s*\(?["'`]\.\/([^"'`]+\.js)["'`]/g)].map(
    ([, name]) => `${from.slice(0, from.lastIndexOf("/"))}/${name}`
  )
]

/** Everything that comes with a page: what it names, and what that names. */
const loadedBy = (page: string): ReadonlySet<string> => {
  const loaded = new Set([page])
  for (const path of loaded) for (const next of named(read(path), path)) loaded.add(next)
  return loaded
}

/** What was promised, in bytes. */
const LIMIT = 150_000
/** What it takes now and a little more, so that nobody reaches the limit unawares. */
const AIM = 90_000

describe("the dashboard page", () => {
  const loaded = [...loadedBy("dashboard/index.html")]
  const sizes = loaded.map((path) => [path, gzipSync(read(path), { level: 9 }).length] as const)

  it("loads at most 150 KB, compressed, and less for now", () => {
    expect(loaded.some((path) => path.endsWith(".js"))).toBe(true)
    expect(loaded.some((path) => path.endsWith(".css"))).toBe(true)
    const total = sizes.reduce((sum, [, size]) => sum + size, 0)
    expect(total, JSON.stringify(sizes)).toBeLessThan(Math.min(LIMIT, AIM))
  })

  it("has neither scripts nor styles in its HTML, which the content security policy forbids", () => {
    for (const page of readdirSync(pages).filter((name) => name !== "assets")) {
      const html = read(`${page}/index.html`)
      expect(html).not.toMatch(/<style|\sstyle=|\son[a-z]+=|javascript:/i)
      for (const [, inside] of html.matchAll(/<script[^>]*>([\s\S]*?)<\/script>/g)) expect(inside).toBe("")
    }
  })

  it("names no other host that anything could be loaded from", () => {
    for (const path of loaded) {
      const hosts = [...read(path).matchAll(/(?:https?|wss?):\/\/([\w.-]+)/g)].map(([, host]) => host)
      // Names of XML, which nobody asks for.
      expect(
        hosts.filter((host) => host !== "www.w3.org"),
        path
      ).toEqual([])
    }
  })
})
