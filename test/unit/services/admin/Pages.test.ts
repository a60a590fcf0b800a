import { createHash } from "node:crypto"
import { mkdirSync, rmSync, writeFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { brotliDecompressSync, gunzipSync } from "node:zlib"
import * as Effect from "effect/Effect"
import { describe, expect, it } from "vitest"
import type { Settings } from "../../../../src/config/Keys.ts"
import { ServerConfig, type ServerConfigValue } from "../../../../src/config/ServerConfig.ts"
import { DASHBOARD, DEMO, makePages, PageFolder } from "../../../../src/services/admin/Pages.ts"
import { makePublic } from "../../../../src/services/HttpApi.ts"
import type { PlainAnswer, PlainRequest } from "../../../../src/services/Transport.ts"
import { configWith } from "../../../support/configurations.ts"
import { temporaryFolder } from "../../../support/server/temporaryFolder.ts"

const SCRIPT = "console.log('a script that is long enough to be worth the while');\n".repeat(50)
const PAGE = `<!doctype html><title>Clarion</title>${" ".repeat(400)}`
/** Random bytes do not get smaller. */
const PICTURE = createHash("sha512").update("a picture").digest()

const files: Readonly<Record<string, string | Buffer>> = {
  "dashboard/index.html": PAGE,
  "demo/index.html": PAGE.replace("Clarion", "Demo"),
  "assets/main-abc.js": SCRIPT,
  "assets/deep/main.css": "a{}",
  "assets/logo.png": PICTURE,
  "assets/odd.xyz": "?",
  "secret.txt": "not for everyone"
}

const build = (): string => {
  const folder = temporaryFolder()
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true })
    writeFileSync(join(folder, name), content)
  }
  return folder
}

const pagesOf = (
  folder: string,
  paths: Readonly<Record<string, string>> = DASHBOARD,
  settings: Settings<ServerConfigValue> = {}
) =>
  Effect.runSync(
    makePages(paths).pipe(
      Effect.provideService(PageFolder, folder),
      Effect.provideService(ServerConfig, configWith(settings))
    )
  )

const BROWSER = {
  accept: "text/html,application/xhtml+xml,*/*;q=0.8",
  "accept-encoding": "gzip, deflate, br, zstd"
}

const request = (
  path: string,
  headers: Readonly<Record<string, string>> = BROWSER,
  method = "GET"
): PlainRequest => ({
  method,
  path,
  query: "",
  headers: new Map(Object.entries({ host: "clarion.example:8088", ...headers })),
  body: Buffer.alloc(0),
  address: "127.0.0.1"
})

const asking =
  (pages: ReturnType<typeof pagesOf>) =>
  async (...asked: Parameters<typeof request>) => {
    const answer = (await pages.handle(request(...asked))) as PlainAnswer | undefined
    if (answer === undefined) return undefined
    const { status, headers, body } = answer
    return {
      status,
      headers: Object.fromEntries(headers) as Record<string, string>,
      body: Buffer.from(body as Buffer)
    }
  }

describe("a page", () => {
  it("comes with a policy that lets it load and ask this server alone", async () => {
    const get = asking(pagesOf(build()))
    const answer = await get("/")
    expect(answer?.status).toBe(200)
    expect(brotliDecompressSync(answer!.body).toString()).toBe(PAGE)
    expect(answer!.headers).toMatchObject({
      "content-type": "text/html; charset=utf-8",
      "content-encoding": "br",
      "cache-control": "no-cache",
      "x-content-type-options": "nosniff",
      "referrer-policy": "no-referrer",
      "cross-origin-opener-policy": "same-origin",
      "cross-origin-resource-policy": "same-origin"
    })
    const policy = answer!.headers["content-security-policy"]!
    expect(policy).not.toMatch(/unsafe|\*|https?:/)
    expect(policy.split("; ")).toEqual([
      "default-src 'none'",
      "script-src 'self'",
      "style-src 'self'",
      "img-src 'self' data:",
      "font-src 'self'",
      "connect-src 'self' ws://clarion.example:8088",
      "manifest-src 'self'",
      "form-action 'none'",
      "base-uri 'none'",
      "frame-ancestors 'none'"
    ])
  })

  it.each([
    ["behind a gateway with TLS", { "x-forwarded-proto": "https" }, {}],
    ["with TLS of our own", {}, { server: { tls: { cert: "c", key: "k" } } }]
  ])("%s connects by wss", async (_, headers, settings) => {
    const get = asking(pagesOf(build(), DASHBOARD, settings))
    const { headers: said } = (await get("/", { ...BROWSER, ...headers }))!
    expect(said["content-security-policy"]).toContain("connect-src 'self' wss://clarion.example:8088;")
  })

  it.each(["a b", "x; script-src *", "x\r\ny", "", "[::1]:80; x"])(
    "asked for under the name %j has a policy that is none the worse",
    async (host) => {
      const { headers } = (await asking(pagesOf(build()))("/", { ...BROWSER, host }))!
      expect(headers["content-security-policy"]).toContain("; connect-src 'self'; ")
    }
  )

  it("is for those who ask for a page, and others get what they would get without", async () => {
    const pages = pagesOf(build())
    for (const headers of [{}, { accept: "*/*" }, { accept: "application/json" }])
      expect(pages.handle(request("/", headers))).toBeUndefined()
    for (const path of [
      "/demo",
      "/index.html",
      "/dashboard/index.html",
      "/assets",
      "/__proto__",
      "/secret.txt"
    ])
      expect(pages.handle(request(path))).toBeUndefined()
    expect(pagesOf(build(), {}).handle(request("/assets/main-abc.js"))).toBeUndefined()
    const demo = await asking(pagesOf(build(), DEMO))("/demo")
    expect(brotliDecompressSync(demo!.body).toString()).toContain("Demo")
  })

  it("is sent again only when it has changed", async () => {
    const folder = build()
    const first = (await asking(pagesOf(folder))("/"))!
    const { etag } = first.headers
    const again = (headers: Readonly<Record<string, string>>) =>
      asking(pagesOf(folder))("/", { ...BROWSER, ...headers })
    expect(await again({ "if-none-match": `"other", ${etag}` })).toMatchObject({
      status: 304,
      body: Buffer.alloc(0),
      headers: { etag, "content-security-policy": expect.any(String) }
    })
    expect((await again({ "if-none-match": '"other"' }))!.status).toBe(200)
    writeFileSync(join(folder, "dashboard/index.html"), "changed")
    expect((await again({ "if-none-match": etag! }))!.status).toBe(200)
  })
})

describe("a file that pages load", () => {
  it.each([
    ["br, gzip", "br", brotliDecompressSync],
    ["gzip, deflate", "gzip", gunzipSync],
    ["br;q=0, gzip;q=0.5", "gzip", gunzipSync],
    ["br;q=0, gzip;q=0", undefined, (body: Buffer) => body],
    ["identity", undefined, (body: Buffer) => body],
    ["", undefined, (body: Buffer) => body]
  ])("goes out as %j allows", async (accepted, encoding, decode) => {
    const answer = (await asking(pagesOf(build()))("/assets/main-abc.js", { "accept-encoding": accepted }))!
    expect([answer.status, answer.headers["content-encoding"]]).toEqual([200, encoding])
    expect(decode(answer.body).toString()).toBe(SCRIPT)
    expect(answer.headers).toMatchObject({
      "content-type": "text/javascript; charset=utf-8",
      "cache-control": "public, max-age=31536000, immutable",
      vary: expect.stringContaining("accept-encoding")
    })
  })

  it("goes out as it is where it gets no smaller", async () => {
    const answer = (await asking(pagesOf(build()))("/assets/logo.png"))!
    expect(answer.headers).not.toHaveProperty("content-encoding")
    expect([answer.headers["content-type"], answer.body]).toEqual(["image/png", PICTURE])
  })

  it("has the type that its name says, and none that would be run", async () => {
    const get = asking(pagesOf(build()))
    const types = ["/assets/deep/main.css", "/assets/odd.xyz"].map(async (path) => (await get(path))!.headers)
    expect((await Promise.all(types)).map((headers) => headers["content-type"])).toEqual([
      "text/css; charset=utf-8",
      "application/octet-stream"
    ])
  })

  it.each([
    "/assets/none.js",
    "/assets/",
    "/assets/../secret.txt",
    "/assets/..%2fsecret.txt",
    "/assets//main-abc.js"
  ])("that is not there, %s, is a 404", async (path) => {
    const answer = (await asking(pagesOf(build()))(path))!
    expect([answer.status, answer.body.toString()]).toEqual([404, "there is no such file\n"])
  })

  it.each(["POST", "PUT", "DELETE", "OPTIONS"])("takes no %s", async (method) => {
    const answer = (await asking(pagesOf(build()))("/assets/main-abc.js", BROWSER, method))!
    expect([answer.status, answer.headers.allow]).toEqual([405, "GET, HEAD"])
  })
})

describe("a build without pages", () => {
  it("says so, and finds them when they are there", async () => {
    const folder = temporaryFolder()
    rmSync(folder, { recursive: true })
    const pages = pagesOf(folder)
    const get = asking(pages)
    expect(pages.has("/")).toBe(false)
    for (const path of ["/", "/assets/main-abc.js"]) {
      const answer = (await get(path))!
      expect([answer.status, answer.body.toString()]).toEqual([
        404,
        "the pages of this server are not there: its build has made none (dist/ui)\n"
      ])
    }
    mkdirSync(join(folder, "dashboard"), { recursive: true })
    writeFileSync(join(folder, "dashboard/index.html"), PAGE)
    expect([(await get("/"))!.status, pages.has("/"), pages.has("/demo")]).toEqual([200, true, false])
  })
})

describe("who asks for no page", () => {
  const textOf = async (paths: Readonly<Record<string, string>>, path: string) => {
    const readiness = Effect.succeed({ isReady: true, connections: 0 })
    const handle = Effect.runSync(makePublic(readiness, pagesOf(build(), paths)))
    const { status, body } = await handle(request(path, {}))
    return `${status} ${body}`
  }

  it("is told at the dashboard's path, and nowhere else, that browsers get it", async () => {
    expect(await textOf(DASHBOARD, "/")).toMatch(/^426 .*WebSocket.*text\/html, gets the dashboard here/)
    expect(await textOf(DASHBOARD, "/demo")).toMatch(/^426 .*plain HTTP$/m)
    expect(await textOf(DEMO, "/")).toMatch(/^426 .*plain HTTP$/m)
  })
})
