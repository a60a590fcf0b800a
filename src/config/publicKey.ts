/** Public keys of the configuration, as PEM texts. */
import { createPublicKey, type KeyObject } from "node:crypto"
import * as Result from "effect/Result"
import * as Kind from "./Kind.ts"

/** What a key is good for. */
export type KeyType = "rsa" | "ec" | "ed25519"

/** RFC 7518 asks for as many. */
const LEAST_RSA_BITS = 2048

/** Node's names of the curves P-256, P-384 and P-521. */
const CURVES: ReadonlyArray<string | undefined> = ["prime256v1", "secp384r1", "secp521r1"]

const words: Record<KeyType, string> = {
  rsa: `an RSA public key of at least ${LEAST_RSA_BITS} bits`,
  ec: "a public key on the curve P-256, P-384 or P-521",
  ed25519: "an Ed25519 public key"
}

const isFit = ({ asymmetricKeyType, asymmetricKeyDetails }: KeyObject, type: KeyType): boolean =>
  asymmetricKeyType === type &&
  (type !== "rsa" || (asymmetricKeyDetails?.modulusLength ?? 0) >= LEAST_RSA_BITS) &&
  (type !== "ec" || CURVES.includes(asymmetricKeyDetails?.namedCurve))

const problem = (pem: string, type: KeyType): string | undefined => {
  if (pem.includes("PRIVATE KEY")) return "is a private key: the server needs the public one alone"
  try {
    return isFit(createPublicKey(pem), type) ? undefined : `expected ${words[type]}, found another key`
  } catch (error) {
    return `cannot be read as PEM: ${(error as Error).message}`
  }
}

/** A key as PEM: "-----BEGIN PUBLIC KEY-----", PKCS #1, or a certificate. */
export const publicKey = (type: KeyType): Kind.Kind<string> => ({
  ...Kind.text,
  expected: `${words[type]} (PEM)`,
  decode: (json) =>
    Result.flatMap(Kind.text.decode(json), (pem) => {
      const message = problem(pem, type)
      return message === undefined
        ? Result.succeed(pem)
        : Result.fail(new Kind.InnerProblems([{ where: "", message }]))
    })
})
