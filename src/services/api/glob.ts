/**
 * Globs over names of channels: `*` any characters, `?` one, `[a-z]` and `[!a-z]` one of a set, `{a,b}` alternatives, `\` takes the next character
 * as it is.
 *
 * Not a library's, because those are for paths: a slash or a leading dot would mean something. And they make regular expressions, whose
 * time grows with a power of the name's length: clients choose names, and `*a*a*a*a*b` against 255 times `a` takes picomatch a minute. Here
 * the time is at most the product of both lengths.
 */

/** Alternatives of one pattern, when its braces are multiplied out. */
export const MAX_ALTERNATIVES = 100

type Accepts = (char: string) => boolean

/** Any characters, also none. */
const RUN = "*"
type Token = typeof RUN | Accepts

/** Braces without other braces in them: of nested ones the inner come first. */
const BRACES = /^((?:\\.|[^\\])*?)\{((?:\\.|[^\\{}])*)\}(.*)$/s
const PART =
  /\\(?<escaped>.)|(?<run>\*+)|(?<one>\?)|\[(?<not>[!^]?)(?<set>(?:\\.|[^\]\\])+)\]|(?<literal>.)/gsu
const RANGE = /\\?(?<from>.)(?:-\\?(?<to>.))?/gsu

/** The pattern with its braces multiplied out, without more than one over the bound. */
const alternatives = (pattern: string): ReadonlyArray<string> => {
  const [, before, inside, behind] = BRACES.exec(pattern) ?? []
  if (before === undefined) return [pattern]
  const found: Array<string> = []
  for (const choice of inside!.split(/(?<!\\),/)) {
    found.push(...alternatives(`${before}${choice}${behind}`))
    if (found.length > MAX_ALTERNATIVES) break
  }
  return found
}

const setOf = (set: string, isNegated: boolean): Accepts => {
  const ranges = [...set.matchAll(RANGE)].map(({ groups }) => [groups!.from!, groups!.to ?? groups!.from!])
  return (char) => ranges.some(([from, to]) => from! <= char && char <= to!) !== isNegated
}

const tokensOf = (pattern: string): ReadonlyArray<Token> =>
  [...pattern.matchAll(PART)].map(({ groups = {} }): Token => {
    if (groups.run !== undefined) return RUN
    if (groups.one !== undefined) return () => true
    if (groups.set !== undefined) return setOf(groups.set, groups.not !== "")
    const literal = groups.escaped ?? groups.literal
    return (char) => char === literal
  })

/** Where a name does not fit, the last run takes one character more, and what stands behind it is tried again. */
const matches = (tokens: ReadonlyArray<Token>, name: ReadonlyArray<string>): boolean => {
  let token = 0
  let at = 0
  let lastRun = -1
  let behindRun = 0
  while (at < name.length) {
    const wanted = tokens[token]
    if (wanted === RUN) {
      lastRun = token++
      behindRun = at
    } else if (wanted?.(name[at]!)) {
      token++
      at++
    } else if (lastRun >= 0) {
      token = lastRun + 1
      at = ++behindRun
    } else return false
  }
  while (tokens[token] === RUN) token++
  return token === tokens.length
}

/** Whether a name matches; undefined where the pattern has more than `MAX_ALTERNATIVES`. */
export const makeGlob = (pattern: string): ((name: string) => boolean) | undefined => {
  const patterns = alternatives(pattern)
  if (patterns.length > MAX_ALTERNATIVES) return undefined
  const all = patterns.map(tokensOf)
  return (name) => {
    const chars = [...name]
    return all.some((tokens) => matches(tokens, chars))
  }
}
