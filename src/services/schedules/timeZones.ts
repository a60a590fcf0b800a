/** Names of IANA time zones. */

/** Names that are remembered, valid ones only: about 600 exist, and each is known in several spellings. */
const REMEMBERED = 2048

const canonical = new Map<string, string>()

const lookUp = (name: string): string | undefined => {
  try {
    return new Intl.DateTimeFormat("en-US", { timeZone: name }).resolvedOptions().timeZone
  } catch {
    return undefined
  }
}

/**
 * One name for all names of a zone ("asia/tokyo" and "Japan" are "Asia/Tokyo"), so that what is made for each zone is made once. Undefined
 * where there is no such zone; offsets such as "+09:00" are none.
 */
export const zoneOf = (name: string): string | undefined => {
  const known = canonical.get(name)
  if (known !== undefined) return known
  const found = /^[a-z][a-z0-9_+\-/]{0,63}$/i.test(name) ? lookUp(name) : undefined
  if (found !== undefined && canonical.size < REMEMBERED) canonical.set(name, found)
  return found
}
