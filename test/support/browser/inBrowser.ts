/**
 * Suites that run in Chromium, each test with pages of its own. Whatever a test is about, its pages have to be quiet: no error on the console,
 * no exception, no request to any other host than their own.
 */
import { type Browser, type BrowserContext, chromium, type Page } from "playwright-core"
import { afterAll, beforeAll, describe, onTestFinished, vi } from "vitest"
import { chromiumPath, WHY_SKIPPED } from "./chromium.ts"

export interface OpenOptions {
  readonly scheme?: "light" | "dark"
  /** Pixels. */
  readonly width?: number
  /** Errors that the test is about: of a server that is gone, or says no. */
  readonly expected?: ReadonlyArray<RegExp>
  /** With cookies and storage of this page. */
  readonly beside?: Page
}

export type Open = (url: string, options?: OpenOptions) => Promise<Page>

/** What the browser says of requests that find no server. */
export const SERVER_GONE = [
  /^Failed to load resource: net::ERR_/,
  /^WebSocket connection to '.*' failed/,
  /^The connection to .* was interrupted/
]
/** What it says of answers that are no success. */
export const answered = (status: number): RegExp =>
  new RegExp(`^Failed to load resource: the server responded with a status of ${status} `)

/** A page of a file has requests of no host. */
const hostOf = (url: string): string => new URL(url).host

/** What is wrong with a page, as it is found. */
const watch = (page: Page, host: string, expected: ReadonlyArray<RegExp>): ReadonlyArray<string> => {
  const faults: Array<string> = []
  const fault = (text: string, where: string) => {
    if (!expected.some((fits) => fits.test(text))) faults.push(`${text} (${where})`)
  }
  page.on("console", (message) => {
    const isBad = message.type() === "error" || message.type() === "warning"
    if (isBad) fault(message.text(), message.location().url)
  })
  page.on("pageerror", (error) => fault(error.message, error.stack ?? ""))
  const asked = (url: string) => {
    if (!/^(data|blob):/.test(url) && hostOf(url) !== host) fault("a request to another host", url)
  }
  page.on("request", (request) => asked(request.url()))
  page.on("websocket", (socket) => asked(socket.url()))
  return faults
}

const makeOpen =
  (browser: () => Browser): Open =>
  async (url, { scheme = "light", width = 1280, expected = [], beside } = {}) => {
    const context: BrowserContext =
      beside?.context() ??
      (await browser().newContext({
        colorScheme: scheme,
        viewport: { width, height: 900 },
        locale: "en-GB",
        timezoneId: "UTC",
        reducedMotion: "reduce"
      }))
    const page = await context.newPage()
    const faults = watch(page, hostOf(url), expected)
    onTestFinished(async () => {
      await context.close()
      if (faults.length > 0) throw new Error(`${url} is not quiet:\n${faults.join("\n")}`)
    })
    await page.goto(url)
    return page
  }

/** Skipped, with the reason in its name, where there is no Chromium. */
export const describeInBrowser = (name: string, define: (open: Open) => void): void => {
  if (chromiumPath === undefined) {
    console.warn(`${name}: skipped, ${WHY_SKIPPED}`)
    describe.skip(`${name} (${WHY_SKIPPED})`, () => define(() => Promise.reject(new Error(WHY_SKIPPED))))
    return
  }
  describe(name, () => {
    // Each wait has a bound of its own; many of them on a busy machine take their time.
    vi.setConfig({ testTimeout: 120_000, hookTimeout: 60_000 })
    let browser: Browser | undefined
    beforeAll(async () => {
      browser = await chromium.launch({ executablePath: chromiumPath! })
    })
    afterAll(() => browser?.close())
    define(makeOpen(() => browser!))
  })
}
