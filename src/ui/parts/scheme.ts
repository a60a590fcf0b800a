/** Light or dark: as the system has it, until somebody chooses; the choice is kept in this browser. */
import { cell } from "./cell.ts"

export const schemes = ["auto", "light", "dark"] as const
export type Scheme = (typeof schemes)[number]

const KEY = "clarion.scheme"

/** Storage may be forbidden: then the choice lasts as long as the page. */
const stored = (): Scheme => {
  try {
    return schemes.find((scheme) => scheme === localStorage.getItem(KEY)) ?? "auto"
  } catch {
    return "auto"
  }
}

export const scheme = cell<Scheme>(stored())

const systemIsDark = matchMedia("(prefers-color-scheme: dark)")
const isDarkNow = () => (scheme.get() === "auto" ? systemIsDark.matches : scheme.get() === "dark")

/** What is drawn on a canvas does not follow the style sheet by itself. */
export const isDark = cell(isDarkNow())

const apply = () => {
  const root = document.documentElement
  if (scheme.get() === "auto") delete root.dataset.scheme
  else root.dataset.scheme = scheme.get()
  isDark.set(isDarkNow())
}

systemIsDark.addEventListener("change", apply)
apply()

export const choose = (next: Scheme): void => {
  scheme.set(next)
  apply()
  try {
    if (next === "auto") localStorage.removeItem(KEY)
    else localStorage.setItem(KEY, next)
  } catch {
    // As above.
  }
}
