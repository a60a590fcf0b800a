/**
 * An operator of NATS with one account, whose users have credentials: a JWT (https://docs.nats.io/running-a-nats-service/nats_admin/security/jwt)
 * signed by the account, and the seed of their own key.
 */
import { createHash } from "node:crypto"
import { createAccount, createOperator, createUser, type KeyPair } from "@nats-io/nkeys"

const encoded = (bytes: Uint8Array | string): string => Buffer.from(bytes).toString("base64url")

/** A claim about somebody, signed. */
const jwt = (issuer: KeyPair, subject: string, nats: object, more: object = {}): string => {
  const claim = {
    iat: Math.floor(Date.now() / 1000),
    iss: issuer.getPublicKey(),
    sub: subject,
    name: "test",
    nats
  }
  const id = createHash("sha256")
    .update(JSON.stringify({ ...claim, ...more }))
    .digest("hex")
  const head = encoded(JSON.stringify({ typ: "JWT", alg: "ed25519-nkey" }))
  const signed = `${head}.${encoded(JSON.stringify({ jti: id, ...claim, ...more }))}`
  return `${signed}.${encoded(issuer.sign(Buffer.from(signed)))}`
}

const NO_LIMIT = -1

export class NatsOperator {
  readonly #account = createAccount()
  readonly #system = createAccount()
  readonly #operator = createOperator()

  /** Lines of a server's configuration: it knows the account, and asks nobody. */
  get configuration(): string {
    const [account, system] = [this.#account.getPublicKey(), this.#system.getPublicKey()]
    const limits = {
      ...{ subs: NO_LIMIT, data: NO_LIMIT, payload: NO_LIMIT, imports: NO_LIMIT, exports: NO_LIMIT },
      ...{ wildcards: true, conn: NO_LIMIT, leaf: NO_LIMIT, mem_storage: NO_LIMIT, disk_storage: NO_LIMIT },
      ...{ streams: NO_LIMIT, consumer: NO_LIMIT }
    }
    const of = (id: string, own: object) =>
      jwt(this.#operator, id, { limits: own, type: "account", version: 2 })
    const { mem_storage: _m, disk_storage: _d, streams: _s, consumer: _c, ...withoutStreams } = limits
    return `
operator: ${jwt(this.#operator, this.#operator.getPublicKey(), { system_account: system, type: "operator", version: 2 })}
system_account: ${system}
resolver: MEMORY
resolver_preload: {
  ${account}: ${of(account, limits)}
  ${system}: ${of(system, withoutStreams)}
}`
  }

  /** A file of credentials. @param more of the claim, such as `exp`, in seconds since the epoch */
  credentials(more: object = {}): { readonly text: string; readonly seed: string } {
    const user = createUser()
    const limits = { subs: NO_LIMIT, data: NO_LIMIT, payload: NO_LIMIT }
    const token = jwt(this.#account, user.getPublicKey(), { ...limits, type: "user", version: 2 }, more)
    const seed = Buffer.from(user.getSeed()).toString()
    const text = `-----BEGIN NATS USER JWT-----
${token}
------END NATS USER JWT------

-----BEGIN USER NKEY SEED-----
${seed}
------END USER NKEY SEED------
`
    return { text, seed }
  }
}
