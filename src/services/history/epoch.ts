/** What tells two lives of a stream apart. */
import { randomBytes } from "node:crypto"

const LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
const EPOCH_LENGTH = 8

/** One of 52^8: two lives of a stream do not have the same one. */
export const makeEpoch = (): string => {
  let epoch = ""
  for (const byte of randomBytes(EPOCH_LENGTH)) epoch += LETTERS[byte % LETTERS.length]
  return epoch
}
