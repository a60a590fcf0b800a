/**
 * Passwords as they may be kept: PHC strings of scrypt (RFC 7914), `$scrypt$ln=15,r=8,p=3$salt$hash`, salt and hash in base64 without padding.
 */
import { randomBytes, scrypt, timingSafeEqual } from "node:crypto"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import * as Kind from "./Kind.ts"

export interface PasswordHash {
  /** Logarithm of the cost N. */
  readonly ln: number
  /** Block size. */
  readonly r: number
  /** Parallelism: how often it is done. */
  readonly p: number
  readonly salt: Buffer
  readonly hash: Buffer
}

/** 32 MiB and some 0.3 s of one core: a parameter set of OWASP's password storage cheat sheet. */
const COST = { ln: 15, r: 8, p: 3 } as const
const SALT_BYTES = 16
const HASH_BYTES = 32
/** What comparing with a hash may take at most. */
const MAX_MEMORY = 256 * 1_048_576
const MAX_P = 16

/** Bytes that scrypt works on. */
const memory = ({ ln, r, p }: Pick<PasswordHash, "ln" | "r" | "p">): number => 128 * r * (2 ** ln + 2 + p)

const PHC = /^\$scrypt\$ln=(\d{1,2}),r=(\d{1,3}),p=(\d{1,3})\$([A-Za-z0-9+/]+)\$([A-Za-z0-9+/]+)$/
const MADE_BY = "`node dist/server.js hash-password` makes one"

/** @returns what is wrong with it, to come after the key's path */
export const readPasswordHash = (text: string): Result.Result<PasswordHash, string> => {
  const found = PHC.exec(text)
  if (found === null) {
    const other = /^\$(argon2\w*|2[aby]|pbkdf2[\w-]*)\$/.exec(text)?.[1]
    return Result.fail(
      other === undefined
        ? `is no hash of a password, $scrypt$ln=15,r=8,p=3$salt$hash; ${MADE_BY}`
        : `is a hash of another kind (${other}), and has to be one of scrypt; ${MADE_BY}`
    )
  }
  const [ln, r, p] = [Number(found[1]), Number(found[2]), Number(found[3])]
  const [salt, hash] = [Buffer.from(found[4]!, "base64"), Buffer.from(found[5]!, "base64")]
  if (ln < 1 || r < 1 || p < 1 || p > MAX_P || memory({ ln, r, p }) > MAX_MEMORY)
    return Result.fail(
      `has a cost that is none or too high: ln=${ln},r=${r},p=${p}; less than 256 MiB (128 · r · 2^ln) and up to p=${MAX_P} are taken`
    )
  if (salt.length < 8 || hash.length < 16)
    return Result.fail(
      `is cut short: its salt has ${salt.length} bytes, its hash ${hash.length}; 8 and 16 are the least`
    )
  return Result.succeed({ ln, r, p, salt, hash })
}

const derive = (password: string, { ln, r, p, salt }: PasswordHash, bytes: number): Promise<Buffer> =>
  new Promise((resolve, reject) => {
    const options = { N: 2 ** ln, r, p, maxmem: memory({ ln, r, p }) }
    // The same characters may be written in more than one way, and keyboards differ in which they choose.
    scrypt(password.normalize("NFKC"), salt, bytes, options, (error, key) =>
      error === null ? resolve(key) : reject(error)
    )
  })

const base64 = (bytes: Buffer): string => bytes.toString("base64").replaceAll("=", "")

/** A PHC string with a salt of its own. */
export const hashPassword = async (password: string): Promise<string> => {
  const made = { ...COST, salt: randomBytes(SALT_BYTES), hash: Buffer.alloc(0) }
  const hash = await derive(password, made, HASH_BYTES)
  return `$scrypt$ln=${COST.ln},r=${COST.r},p=${COST.p}$${base64(made.salt)}$${base64(hash)}`
}

/** Takes the same time whatever is wrong with the password; rejects where the machine has no memory left for it. */
export const isPassword = async (given: string, right: PasswordHash): Promise<boolean> =>
  timingSafeEqual(await derive(given, right, right.hash.length), right.hash)

/** The kind of a key that holds one. It is no password, but guessing one needs nothing else: it is never shown. */
export const passwordHash: Kind.Kind<Redacted.Redacted<string>> = {
  ...Kind.secret,
  expected: "a hash of a password, $scrypt$ln=15,r=8,p=3$salt$hash",
  decode: (json) =>
    Result.flatMap(Kind.secret.decode(json), (hidden) => {
      const read = readPasswordHash(Redacted.value(hidden))
      return Result.isSuccess(read)
        ? Result.succeed(hidden)
        : Result.fail(new Kind.InnerProblems([{ where: "", message: read.failure }]))
    })
}
