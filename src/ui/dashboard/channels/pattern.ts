/** Patterns over names of channels, as the server reads them: `*`, `?`, `[a-z]`, `{a,b}`, and `\` before what stands for itself. */

/** A pattern that fits this name and no other. */
export const exactly = (channel: string): string => channel.replace(/[\\*?[\]{},]/g, "\\$&")

const hasOpenBrace = (text: string): boolean => {
  let depth = 0
  for (const char of text) {
    if (char === "{") depth++
    else if (char === "}" && depth > 0) depth--
  }
  return depth > 0
}

/** What was begun and not ended, so that it stands for itself and not for what was meant; undefined where all is whole. */
export const unclosed = (pattern: string): "\\" | "[" | "{" | undefined => {
  const plain = pattern.replace(/\\./gsu, "x")
  if (plain.includes("\\")) return "\\"
  const withoutSets = plain.replace(/\[[!^]?[^\]]+\]/g, "")
  if (withoutSets.includes("[")) return "["
  return hasOpenBrace(withoutSets) ? "{" : undefined
}
