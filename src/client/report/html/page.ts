/**
 * A page in one file: its style, its script and its data are inside, and its content security policy forbids it to load anything. All that
 * it says stands in its HTML; the script adds the charts.
 */
import { createHash } from "node:crypto"
import { readFileSync } from "node:fs"
import type { Report } from "../../../protocol/report.ts"
import { html, jsonInScript, Markup } from "./markup.ts"

/** The same for all pages, as the build bundled it. */
export interface PageParts {
  readonly script: string
  readonly style: string
}

/** A run on a page; the charts name it so where there are several. */
export interface NamedReport {
  readonly name: string
  readonly report: Report
}

/** Beside the compiled program: dist/report. */
const BUNDLE = new URL("../../../report/", import.meta.url)

/** The program was not built whole. */
export interface PartsMissing {
  readonly kind: "partsMissing"
  readonly message: string
}

export const readPageParts = (folder: URL = BUNDLE): PageParts | PartsMissing => {
  const read = (name: string) => readFileSync(new URL(name, folder), "utf8")
  try {
    return { script: withinScript(read("report.js")), style: read("report.css") }
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    return { kind: "partsMissing", message: `this build has no parts for pages: ${reason}` }
  }
}

/** Texts of a script must not look like the end of its element. */
const withinScript = (script: string): string =>
  script.replaceAll("</script", "<\\/script").replaceAll("<!--", "<\\!--")

const hashOf = (text: string): string => `'sha256-${createHash("sha256").update(text).digest("base64")}'`

const policy = ({ script, style }: PageParts): string =>
  [
    "default-src 'none'",
    `script-src ${hashOf(script)}`,
    `style-src ${hashOf(style)}`,
    "base-uri 'none'",
    "form-action 'none'"
  ].join("; ")

export interface Page {
  readonly title: string
  readonly body: Markup
  readonly runs: ReadonlyArray<NamedReport>
}

/** The whole file. */
export const pageText = ({ title, body, runs }: Page, parts: PageParts): string =>
  html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy(parts)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title>
<style>${new Markup(parts.style)}</style>
</head>
<body>
${body}
<script type="application/json" id="runs">${jsonInScript(runs)}</script>
<script>${new Markup(parts.script)}</script>
</body>
</html>
`.text
