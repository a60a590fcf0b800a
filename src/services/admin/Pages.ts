/**
 * The pages of the server itself: the dashboard and the demo, with all that they load, and nothing of another host. The files are those that the
 * build made; they are read and compressed once, when somebody first asks.
 */
import { createHash } from "node:crypto"
import { existsSync } from "node:fs"
import { readdir, readFile } from "node:fs/promises"
import { extname, join, sep } from "node:path"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"
import { brotliCompress, constants, gzip } from "node:zlib"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import { ServerConfig } from "../../config/ServerConfig.ts"
import { BROKEN, plainText } from "../httpReply.ts"
import type { AnswerHeaders, PlainAnswer, PlainRequest } from "../Transport.ts"
import { pageHeaders, partHeaders } from "./pageHeaders.ts"

/** Where the build puts pages: beside what it makes of the sources, also for who runs the sources themselves. */
export const PageFolder = Context.Reference<string>("clarion/services/admin/PageFolder", {
  defaultValue: () =>
    fileURLToPath(new URL(import.meta.url.endsWith(".ts") ? "../../../dist/ui" : "../../ui", import.meta.url))
})

/** Pages by their path, as files of that folder. */
export type PagePaths = Readonly<Record<string, string>>
export const DASHBOARD: PagePaths = { "/": "dashboard/index.html" }
export const DEMO: PagePaths = { "/demo": "demo/index.html" }

/** Below this path is what pages load; the names of its files change with what is in them. */
const PARTS = "/assets/"

const TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
  ".png": "image/png",
  ".ico": "image/x-icon",
  ".woff2": "font/woff2",
  ".json": "application/json",
  ".webmanifest": "application/manifest+json"
}

interface File {
  readonly type: string
  readonly tag: string
  /** By the name of the encoding, best first; the last is the file as it is. */
  readonly bodies: ReadonlyArray<readonly [encoding: "br" | "gzip" | "identity", body: Buffer]>
}

/** The best quality, 11, makes all files together 8 % smaller, and the first visitor wait for two seconds instead of 60 ms. */
const BROTLI = { params: { [constants.BROTLI_PARAM_QUALITY]: 5 } }

const load = async (path: string): Promise<File> => {
  const plain = await readFile(path)
  const smaller = [
    ["br", await promisify(brotliCompress)(plain, BROTLI)],
    ["gzip", await promisify(gzip)(plain, { level: 9 })]
  ] as const
  return {
    type: TYPES[extname(path)] ?? "application/octet-stream",
    tag: `W/"${createHash("sha256").update(plain).digest("base64url")}"`,
    bodies: [...smaller.filter(([, body]) => body.length < plain.length), ["identity", plain]]
  }
}

/** All files of the folder, by their name in it, with slashes. */
const loadAll = async (folder: string): Promise<ReadonlyMap<string, File>> => {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  const names = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
  const files = await Promise.all(
    names.map(async (path) => [path.slice(folder.length + 1).replaceAll(sep, "/"), await load(path)] as const)
  )
  return new Map(files)
}

const takes = (accepted: string, encoding: string): boolean =>
  encoding === "identity" ||
  new RegExp(`(^|[\\s,])${encoding}\\b(?!\\s*;\\s*q=0(\\.0*)?\\s*(,|$))`, "i").test(accepted)

/** Who asks for a page, and not just for any answer: what is no browser gets what it would get without pages. */
const wantsPage = ({ headers }: PlainRequest): boolean => /\btext\/html\b/i.test(headers.get("accept") ?? "")

const NOT_GET: PlainAnswer = { status: 405, headers: [["allow", "GET, HEAD"]], body: "" }
const NO_FILE = plainText(404, "there is no such file")
const NOT_BUILT = plainText(404, "the pages of this server are not there: its build has made none (dist/ui)")

const answer = ({ headers }: PlainRequest, { type, tag, bodies }: File, more: AnswerHeaders): PlainAnswer => {
  const common: AnswerHeaders = [["etag", tag], ["vary", "accept, accept-encoding"], ...more]
  if (headers.get("if-none-match")?.includes(tag)) return { status: 304, headers: common, body: "" }
  const accepted = headers.get("accept-encoding") ?? ""
  const [encoding, body] = bodies.find(([name]) => takes(accepted, name))!
  return {
    status: 200,
    headers: [
      ["content-type", type],
      ...(encoding === "identity" ? [] : [["content-encoding", encoding] as const]),
      ...common
    ],
    body
  }
}

export interface Pages {
  /** Answers requests for a page or what pages load; undefined for all others. */
  readonly handle: (request: PlainRequest) => PlainAnswer | Promise<PlainAnswer> | undefined
  /** Whether the build has made that page. */
  readonly has: (path: string) => boolean
}

export const makePages = Effect.fnUntraced(function* (paths: PagePaths) {
  const folder = yield* PageFolder
  const { server } = yield* ServerConfig
  const hasTls = server.tls.cert !== undefined
  const context = yield* Effect.context<never>()
  const hasPages = Object.keys(paths).length > 0
  let files: Promise<ReadonlyMap<string, File>> | undefined

  const failed = (error: unknown): PlainAnswer => {
    files = undefined
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return NOT_BUILT
    Effect.runForkWith(context)(Effect.logError(`pages cannot be read from ${folder}`, error))
    return BROKEN
  }

  const give = async (
    request: PlainRequest,
    name: string,
    headers: AnswerHeaders,
    missing: PlainAnswer
  ): Promise<PlainAnswer> => {
    try {
      files ??= loadAll(folder)
      const file = (await files).get(name)
      return file === undefined ? missing : answer(request, file, headers)
    } catch (error) {
      return failed(error)
    }
  }

  const pages: Pages = {
    handle: (request) => {
      const { method, path } = request
      const page = Object.hasOwn(paths, path) && wantsPage(request) ? paths[path] : undefined
      if (page === undefined && !(hasPages && path.startsWith(PARTS))) return undefined
      if (method !== "GET" && method !== "HEAD") return NOT_GET
      return page === undefined
        ? give(request, path.slice(1), partHeaders, NO_FILE)
        : give(request, page, pageHeaders(request, hasTls), NOT_BUILT)
    },
    has: (path) => Object.hasOwn(paths, path) && existsSync(join(folder, paths[path]!))
  }
  return pages
})
