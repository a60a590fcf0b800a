/** HTML as text that is escaped where it is put in: nothing that a run has heard or was told can become markup. */

/** Text that is HTML already. */
export class Markup {
  constructor(readonly text: string) {}
}

export type Part = string | number | Markup | ReadonlyArray<Markup>

const entities: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;"
}

const escaped = (text: string): string => text.replace(/[&<>"']/g, (character) => entities[character]!)

const textOf = (part: Part): string =>
  part instanceof Markup
    ? part.text
    : typeof part === "object"
      ? part.map(({ text }) => text).join("")
      : escaped(String(part))

/** A template with its parts escaped; attributes have to stand in quotes. */
export const html = (strings: TemplateStringsArray, ...parts: ReadonlyArray<Part>): Markup =>
  new Markup(strings.reduce((text, next, i) => text + textOf(parts[i - 1]!) + next))

/** Nothing, where something may be missing. */
export const none = new Markup("")

/** A value as JSON inside of a script element: no text in it can end the element, nor a line of the script. */
export const jsonInScript = (value: unknown): Markup =>
  new Markup(
    JSON.stringify(value)
      .replaceAll("<", "\\u003c")
      .replaceAll("\u2028", "\\u2028")
      .replaceAll("\u2029", "\\u2029")
  )
