/** JSON Web Tokens put together by hand, right ones and wrong ones. */
import { constants, createHmac, generateKeyPairSync, type KeyObject, sign } from "node:crypto"

/** Signs "header.payload". */
export type Sign = (text: string) => Buffer

export const withSecret =
  (secret: string, bits = 256): Sign =>
  (text) =>
    createHmac(`sha${bits}`, secret).update(text).digest()

/** RSA and EC keys with a hash of so many bits; Ed25519 keys without. */
export const withPrivateKey =
  (key: KeyObject, bits?: number): Sign =>
  (text) =>
    sign(bits === undefined ? null : `sha${bits}`, Buffer.from(text), { key, dsaEncoding: "ieee-p1363" })

/** RSA keys in the scheme PSS. */
export const withPss =
  (key: KeyObject): Sign =>
  (text) =>
    sign("sha256", Buffer.from(text), { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 })

const encode = (part: object | string | Uint8Array): string =>
  Buffer.from(typeof part === "string" || part instanceof Uint8Array ? part : JSON.stringify(part)).toString(
    "base64url"
  )

/** @param payload claims, or the text or bytes of a payload to the letter */
export const jwt = (header: object, payload: object | string | Uint8Array, signed: Sign): string => {
  const text = `${encode(header)}.${encode(payload)}`
  return `${text}.${signed(text).toString("base64url")}`
}

/** Signed with HS256. */
export const hs256 = (secret: string, payload: object | string | Uint8Array): string =>
  jwt({ alg: "HS256", typ: "JWT" }, payload, withSecret(secret))

export const rsaPair = () => generateKeyPairSync("rsa", { modulusLength: 2048 })
export const ecPair = (namedCurve: "P-256" | "P-384" | "P-521") => generateKeyPairSync("ec", { namedCurve })
export const ed25519Pair = () => generateKeyPairSync("ed25519")
