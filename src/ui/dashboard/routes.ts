/** The views and what of them is open, as the part of the address behind "#": "#/channels/news?…". What is unknown is the overview. */
export const views = ["overview", "actors", "channels", "schedules", "receipts", "slow", "publish"] as const
export type View = (typeof views)[number]

export interface Route {
  readonly view: View
  /** What is opened in the view: a channel's name, an id; absent: the list. */
  readonly item?: string
  readonly query: Readonly<Record<string, string>>
}

const decoded = (text: string): string => {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

export const routeOf = (hash: string): Route => {
  const [path = "", search = ""] = hash.replace(/^#\/?/, "").split(/\?(.*)/s)
  const [name = "", ...rest] = path.split("/")
  const view = views.find((one) => one === name)
  const query = Object.fromEntries(new URLSearchParams(search))
  if (view === undefined) return { view: "overview", query: {} }
  const item = rest.join("/")
  return item === "" ? { view, query } : { view, item: decoded(item), query }
}

export const hashOf = (view: View, item?: string, query: Readonly<Record<string, string>> = {}): string => {
  const search = new URLSearchParams(query).toString()
  return `#/${view}${item === undefined ? "" : `/${encodeURIComponent(item)}`}${search === "" ? "" : `?${search}`}`
}

/** The key of a start-up link, "#key=…"; undefined where there is none. */
export const keyOf = (hash: string): string | undefined => {
  const key = /^#key=(.+)$/.exec(hash)?.[1]
  return key === undefined ? undefined : decoded(key)
}
