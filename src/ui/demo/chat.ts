/** What is said in the demo's channel: a JSON object of the page's own, or whatever else somebody published there. */

export const DEMO_CHANNEL = "demo:chat"

/** Characters of one message. The channel takes 4 KiB, which they fit into whatever they are. */
export const MAX_TEXT = 500
export const MAX_NAME = 24

export interface ChatMessage {
  /** Of one sender's connection, at random. */
  readonly sender: string
  /** Counts the messages of this sender, from 1: a reader that is told no offsets sees by it what is missing. */
  readonly n: number
  readonly name: string
  readonly text: string
  /** Milliseconds since the epoch, by the sender's clock. */
  readonly sentAt: number
}

/** A message as it is shown. */
export interface Said {
  readonly text: string
  readonly name?: string
  readonly mark?: { readonly sender: string; readonly n: number }
  readonly sentAt?: number
}

const isChat = (data: unknown): data is ChatMessage => {
  const { sender, n, name, text, sentAt } = (data ?? {}) as Partial<Record<keyof ChatMessage, unknown>>
  return (
    typeof sender === "string" &&
    Number.isSafeInteger(n) &&
    typeof name === "string" &&
    typeof text === "string" &&
    Number.isFinite(sentAt)
  )
}

/** Everything is shown: what is no message of a demo page, as the JSON that it is. */
export const readData = (data: unknown): Said => {
  if (isChat(data)) {
    const { sender, n, name, text, sentAt } = data
    return { text, name, mark: { sender, n }, sentAt }
  }
  return { text: typeof data === "string" ? data : JSON.stringify(data) }
}

/** The same of the text that a raw WebSocket or an EventSource gives. */
export const readText = (text: string): Said => {
  try {
    return readData(JSON.parse(text))
  } catch {
    return { text }
  }
}
