/** Public keys as PEM texts, one of each kind that the configuration takes. */
import { generateKeyPairSync, type KeyObject } from "node:crypto"

export const pem = (key: KeyObject): string => key.export({ type: "spki", format: "pem" }).toString()

export const publicKeys = {
  rsa: pem(generateKeyPairSync("rsa", { modulusLength: 2048 }).publicKey),
  ec: pem(generateKeyPairSync("ec", { namedCurve: "P-256" }).publicKey),
  ed25519: pem(generateKeyPairSync("ed25519").publicKey)
}
