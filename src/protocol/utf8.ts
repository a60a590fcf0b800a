/** Text in UTF-8. */

const decoder = new TextDecoder("utf-8", { ignoreBOM: true })

/**
 * The text that bytes are; what is not UTF-8 in them becomes U+FFFD.
 *
 * Not by way of `bytes.buffer`: a small array has its bytes within itself, and to ask for its buffer once makes one outside the heap that it
 * keeps for good. For a publication that stands in a history this costs three times as much.
 */
export const utf8Text = (bytes: Uint8Array): string => decoder.decode(bytes)
