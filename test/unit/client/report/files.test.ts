import { execFileSync } from "node:child_process"
import {
  closeSync,
  fstatSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
  writeSync
} from "node:fs"
import { readFile } from "node:fs/promises"
import { join } from "node:path"
import { pathToFileURL } from "node:url"
import { describe, expect, it } from "vitest"
import { readPageParts } from "../../../../src/client/report/html/page.ts"
import { jsonReport } from "../../../../src/client/report/jsonReport.ts"
import { prepareReportFiles, writeReportFiles } from "../../../../src/client/report/reportFiles.ts"
import { tryToWrite, writeWhole } from "../../../../src/client/report/wholeFile.ts"
import { temporaryFolder } from "../../../support/server/temporaryFolder.ts"
import { reportOf } from "./fixture.ts"

const parts = () => ({ script: "draw()", style: "p{}" })

describe("a whole file", () => {
  it("takes the place of what was there and leaves nothing else", async () => {
    const path = join(temporaryFolder(), "r.json")
    writeFileSync(path, "old")
    expect(tryToWrite(path)).toBeUndefined()
    expect(readFileSync(path, "utf8")).toBe("old")
    expect(await writeWhole(path, "new")).toBeUndefined()
    expect(readFileSync(path, "utf8")).toBe("new")
    expect(readdirSync(join(path, ".."))).toEqual(["r.json"])
  })

  it("takes the place of a link's target, also of one that is not there yet, and leaves the link", async () => {
    const folder = temporaryFolder()
    const at = (name: string) => join(folder, name)
    writeFileSync(at("target"), "old")
    symlinkSync("target", at("link"))
    symlinkSync("later", at("dangling"))
    for (const link of ["link", "dangling"]) {
      expect(tryToWrite(at(link))).toBeUndefined()
      expect(await writeWhole(at(link), "new")).toBeUndefined()
      expect(lstatSync(at(link)).isSymbolicLink()).toBe(true)
    }
    expect(readFileSync(at("target"), "utf8")).toBe("new")
    expect(readFileSync(at("later"), "utf8")).toBe("new")
    expect(readdirSync(folder).sort()).toEqual(["dangling", "later", "link", "target"])
  })

  it("goes into what is no plain file, which stays what it was", async () => {
    const pipe = join(temporaryFolder(), "pipe")
    execFileSync("mkfifo", [pipe])
    expect(tryToWrite(pipe)).toBeUndefined()
    const [read] = await Promise.all([readFile(pipe, "utf8"), writeWhole(pipe, "text")])
    expect(read).toBe("text")
    expect(lstatSync(pipe).isFIFO()).toBe(true)
  })

  it("goes into what the process has open, behind what others wrote there, and leaves that its place", async () => {
    const folder = temporaryFolder()
    const path = join(folder, "out")
    // As a shell does for `> out`.
    const out = openSync(path, "w")
    symlinkSync(`/dev/fd/${out}`, join(folder, "link"))
    for (const at of [`/proc/self/fd/${out}`, `/dev/fd/${out}`, join(folder, "link")]) {
      writeSync(out, "before ")
      expect(tryToWrite(at)).toBeUndefined()
      expect(await writeWhole(at, "text ")).toBeUndefined()
      writeSync(out, "after\n")
    }
    expect(fstatSync(out).ino).toBe(statSync(path).ino)
    closeSync(out)
    expect(readFileSync(path, "utf8")).toBe("before text after\n".repeat(3))
    const input = openSync(path, "r")
    expect(tryToWrite(`/dev/fd/${input}`)?.message).toContain("EBADF")
    closeSync(input)
    expect(readdirSync(folder).sort()).toEqual(["link", "out"])
  })

  it("that cannot be written is told as a value, and nothing is left behind", async () => {
    const folder = temporaryFolder()
    mkdirSync(join(folder, "sub"))
    const missing = join(folder, "no", "r.json")
    for (const write of [tryToWrite, (path: string) => writeWhole(path, "text")]) {
      const [none, directory] = [await write(missing), await write(join(folder, "sub"))]
      expect(none).toMatchObject({ kind: "fileNotWritten", path: missing })
      expect(none?.message).toContain("ENOENT")
      expect(directory).toMatchObject({ kind: "fileNotWritten", path: join(folder, "sub") })
    }
    expect(readdirSync(folder)).toEqual(["sub"])
  })
})

describe("the files of a run", () => {
  it("are those that are wanted, each in its format", async () => {
    const folder = temporaryFolder()
    const at = (name: string) => join(folder, name)
    const wanted = { json: at("r.json"), junit: at("r.xml"), html: at("r.html") }
    const files = prepareReportFiles(wanted, parts)
    if ("kind" in files) throw new Error(JSON.stringify(files))
    expect(readdirSync(folder)).toEqual([])
    expect(await writeReportFiles(files, reportOf())).toEqual([])
    expect(readdirSync(folder).sort()).toEqual(["r.html", "r.json", "r.xml"])
    expect(JSON.parse(readFileSync(wanted.json, "utf8"))).toEqual(reportOf())
    expect(readFileSync(wanted.junit, "utf8")).toMatch(/^<\?xml .*\n<testsuites /)
    expect(readFileSync(wanted.html, "utf8")).toMatch(/^<!doctype html>/)
  })

  it("are none where none is wanted, and pages need no build then", async () => {
    const missing = () => ({ kind: "partsMissing" as const, message: "no parts" })
    expect(prepareReportFiles({}, missing)).toEqual([])
    const path = join(temporaryFolder(), "r.html")
    expect(prepareReportFiles({ html: path }, missing)).toMatchObject({
      losses: [{ path, message: "no parts" }]
    })
  })

  it("that cannot be written are all told before, also where two are one", async () => {
    const folder = temporaryFolder()
    const [same, missing] = [join(folder, "r"), join(folder, "no", "r.json")]
    symlinkSync("r", join(folder, "link"))
    const wanted = { json: missing, junit: same, html: join(folder, "link") }
    expect(prepareReportFiles(wanted, parts)).toMatchObject({
      kind: "cannotBeWritten",
      losses: [
        { path: missing, message: expect.stringContaining("ENOENT") },
        { message: "another report has the same file" }
      ]
    })
  })

  it("that can be written are, when others no longer can", async () => {
    const folder = temporaryFolder()
    const wanted = { json: join(folder, "r.json"), junit: join(folder, "r.xml") }
    const files = prepareReportFiles(wanted, parts)
    if ("kind" in files) throw new Error(JSON.stringify(files))
    mkdirSync(wanted.json)
    expect(await writeReportFiles(files, reportOf())).toMatchObject([{ path: wanted.json }])
    expect(readdirSync(folder).sort()).toEqual(["r.json", "r.xml"])
  })

  it("have the parts of their pages from the build, or say what is missing", async () => {
    const folder = pathToFileURL(`${temporaryFolder()}/`)
    expect(readPageParts(folder)).toMatchObject({
      kind: "partsMissing",
      message: expect.stringContaining("ENOENT")
    })
    writeFileSync(new URL("report.js", folder), 'const end = "</script>", open = "<!--"')
    writeFileSync(new URL("report.css", folder), "p {}")
    expect(readPageParts(folder)).toEqual({
      script: 'const end = "<\\/script>", open = "<\\!--"',
      style: "p {}"
    })
  })
})

describe("the report as JSON", () => {
  it("has each list of numbers in one line, and the same values", () => {
    const doubts = ["a [\n 1,\n 2\n] b", "[1]"]
    const report = reportOf({ doubts })
    const text = jsonReport(report)
    expect(JSON.parse(text)).toEqual(report)
    expect(text).toMatch(/^ {4}"endMs": \[ 1000, 2000, .*10000 \],$/m)
    expect(text).toMatch(/^ {4}"p50": \[ null, null, null, [\d.]+, .*\],$/m)
    expect(text.endsWith("}\n")).toBe(true)
  })
})
