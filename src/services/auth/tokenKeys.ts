/**
 * The keys of the configuration that signatures of tokens are checked with: imported once, each for the algorithms that it is good for.
 */
import { createPublicKey, type KeyObject, webcrypto } from "node:crypto"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import type { TokenConfig } from "../../config/clientProtocolRules.ts"

export type VerificationKey = webcrypto.CryptoKey | KeyObject

/** By the name of the algorithm in a token's header. */
export type KeyRing = ReadonlyMap<string, VerificationKey>

const CURVE_ALGORITHMS: Readonly<Record<string, string>> = {
  prime256v1: "ES256",
  secp384r1: "ES384",
  secp521r1: "ES512"
}

/** Algorithms that a public key is good for. RSA keys take no PSS, as with Centrifugo. */
const algorithmsOf = ({ asymmetricKeyType, asymmetricKeyDetails }: KeyObject): ReadonlyArray<string> => {
  switch (asymmetricKeyType) {
    case "rsa":
      return ["RS256", "RS384", "RS512"]
    case "ec":
      return [CURVE_ALGORITHMS[asymmetricKeyDetails?.namedCurve ?? ""]].filter((name) => name !== undefined)
    case "ed25519":
      return ED25519_ALGORITHMS
    default:
      return []
  }
}

/** The old and the new name of the same one. */
const ED25519_ALGORITHMS = ["EdDSA", "Ed25519"]

/** What keys of a key set may be used for. */
export const PUBLIC_KEY_ALGORITHMS: ReadonlyArray<string> = [
  "RS256",
  "RS384",
  "RS512",
  ...Object.values(CURVE_ALGORITHMS),
  ...ED25519_ALGORITHMS
]

/** A secret as keys of HS256, HS384 and HS512. Handed over as bytes they would be imported anew for every token, which takes thrice the time. */
export const importSecret = (secret: Redacted.Redacted<string> | undefined): Effect.Effect<KeyRing> =>
  Effect.promise(async () => {
    if (secret === undefined) return new Map()
    const bytes = new TextEncoder().encode(Redacted.value(secret))
    const entries = [256, 384, 512].map(async (bits) => {
      const algorithm = { name: "HMAC", hash: `SHA-${bits}` }
      return [
        `HS${bits}`,
        await webcrypto.subtle.importKey("raw", bytes, algorithm, false, ["verify"])
      ] as const
    })
    return new Map(await Promise.all(entries))
  })

/** The configuration has checked that they can be read (`config/publicKey.ts`). */
export const readPublicKeys = ({ rsaPublicKey, ecdsaPublicKey, ed25519PublicKey }: TokenConfig): KeyRing =>
  new Map(
    [rsaPublicKey, ecdsaPublicKey, ed25519PublicKey].flatMap((pem) => {
      if (pem === undefined) return []
      const key = createPublicKey(pem)
      return algorithmsOf(key).map((algorithm) => [algorithm, key] as const)
    })
  )
