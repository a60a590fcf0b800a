import { createHash, timingSafeEqual } from "node:crypto"

const sha256 = (text: string) => createHash("sha256").update(text).digest()

/** Compares what is given with a secret, in a time that tells nothing of it. */
export const isSecret = (secret: string): ((given: string | undefined) => boolean) => {
  const right = sha256(secret)
  return (given) => given !== undefined && timingSafeEqual(sha256(given), right)
}
