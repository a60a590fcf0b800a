/**
 * A JSON text in which each run fills in its own due time, number and id. What is no placeholder stays byte for byte.
 *
 * Placeholders stand inside of strings: `"run {{run}}"`. A string that is nothing but `{{run}}` or `{{dueMs}}` becomes the number. Braces that
 * mean themselves are written with JSON's own escape: `\u007b{`.
 */
import * as Result from "effect/Result"
import { isJsonText } from "../../protocol/rawJson.ts"

/** What a run fills in. */
export interface TemplateValues {
  /** Milliseconds since the epoch. */
  readonly due: number
  readonly run: number
  readonly id: string
}

const placeholders = {
  /** ISO 8601, UTC. */
  due: ({ due }: TemplateValues) => new Date(due).toISOString(),
  dueMs: ({ due }: TemplateValues) => String(due),
  run: ({ run }: TemplateValues) => String(run),
  /** As the inside of a JSON string. */
  id: ({ id }: TemplateValues) => JSON.stringify(id).slice(1, -1)
}
type Placeholder = keyof typeof placeholders

const NAMES = Object.keys(placeholders) as ReadonlyArray<Placeholder>
const isPlaceholder = (name: string): name is Placeholder => Object.hasOwn(placeholders, name)

/** Those that become a number where they are a whole string. */
const NUMBERS: ReadonlySet<string> = new Set<Placeholder>(["dueMs", "run"])

export interface Template {
  /** Texts and placeholders, by turns: text, placeholder, text, …, text. */
  readonly texts: ReadonlyArray<string>
  readonly names: ReadonlyArray<Placeholder>
}

/** Has no bytes in UTF-8, and would not stay what it is. */
const LONE_SURROGATE = /\p{Surrogate}/u

const PLACEHOLDER = /^\{\{([^{}"\\]*)\}\}/

interface Found {
  readonly source: string
  readonly name: string
}

/** The placeholder that a text begins with, whatever its name. */
const placeholderOf = (text: string): Found | undefined => {
  const [source, name] = PLACEHOLDER.exec(text) ?? []
  return source === undefined ? undefined : { source, name: name!.trim() }
}

/** The place of the quote that ends a string of valid JSON, whose inside begins at `start`. */
const endOfString = (text: string, start: number): number => {
  let at = start
  while (text[at] !== '"') at += text[at] === "\\" ? 2 : 1
  return at
}

const COLON_NEXT = /[ \t\n\r]*:/y

const isKey = (text: string, behind: number): boolean => {
  COLON_NEXT.lastIndex = behind
  return COLON_NEXT.test(text)
}

/** Problems that are told of one template. */
const TOLD = 20

/** Characters of an unknown name that are told. */
const NAME_TOLD = 40

class TemplateReader {
  readonly texts: Array<string> = []
  readonly names: Array<Placeholder> = []
  readonly problems: Array<string> = []
  private copied = 0

  constructor(private readonly text: string) {}

  /** Reads a text that is JSON. */
  read(): void {
    const { text } = this
    for (let open = text.indexOf('"'); open >= 0; ) {
      const end = endOfString(text, open + 1)
      this.readString(open, end)
      open = text.indexOf('"', end + 1)
    }
    this.texts.push(text.slice(this.copied))
  }

  /** Reads one string, from its first quote to its last. */
  private readString(start: number, end: number): void {
    const content = this.text.slice(start + 1, end)
    const whole = placeholderOf(content)
    if (whole?.source === content && NUMBERS.has(whole.name) && !isKey(this.text, end + 1))
      return this.put(whole.name as Placeholder, start, end + 1)
    for (let open = content.indexOf("{{"); open >= 0; ) {
      const found = placeholderOf(content.slice(open))
      this.readPlaceholder(start + 1 + open, found)
      open = content.indexOf("{{", open + (found?.source.length ?? 2))
    }
  }

  private readPlaceholder(at: number, found: Found | undefined): void {
    if (found === undefined) this.tell(at, '"{{" begins no placeholder')
    else if (isPlaceholder(found.name)) this.put(found.name, at, at + found.source.length)
    else this.tell(at, `{{${found.name.slice(0, NAME_TOLD)}}} is no placeholder`)
  }

  private put(name: Placeholder, start: number, end: number): void {
    this.texts.push(this.text.slice(this.copied, start))
    this.names.push(name)
    this.copied = end
  }

  private tell(at: number, what: string): void {
    if (this.problems.length < TOLD) this.problems.push(`character ${at + 1}: ${what}`)
  }
}

/** A template, or what is wrong with it. */
export const parseTemplate = (text: string): Result.Result<Template, ReadonlyArray<string>> => {
  if (!isJsonText(text) || LONE_SURROGATE.test(text)) return Result.fail(["is not JSON"])
  const reader = new TemplateReader(text)
  reader.read()
  const { texts, names, problems } = reader
  if (problems.length === 0) return Result.succeed({ texts, names })
  const known = NAMES.map((name) => `{{${name}}}`).join(", ")
  return Result.fail(problems.map((problem) => `${problem}: there are ${known}, and \\u007b{ for braces`))
}

/** The text of one run. */
export const renderText = ({ texts, names }: Template, values: TemplateValues): string => {
  let rendered = texts[0]!
  for (const [index, name] of names.entries()) rendered += placeholders[name](values) + texts[index + 1]!
  return rendered
}

/** The bytes of one run. */
export const render = (template: Template, values: TemplateValues): Uint8Array =>
  Buffer.from(renderText(template, values))

/** Values of the greatest length that any run has, to know beforehand what its bytes will be like. */
export const LONGEST_VALUES: TemplateValues = {
  due: Date.UTC(9999, 11, 31),
  run: Number.MAX_SAFE_INTEGER,
  id: "00000000-0000-4000-8000-000000000000"
}
