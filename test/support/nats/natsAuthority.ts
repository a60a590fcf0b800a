/** A certificate authority for tests, made anew with the certificates that it signs, in a folder of its own. */
import { execFileSync } from "node:child_process"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as Effect from "effect/Effect"

export interface Signed {
  readonly cert: string
  readonly key: string
}

export interface Authority {
  /** The file of its own certificate. */
  readonly ca: string
  /** Files of a certificate for these names. @param names such as "IP:127.0.0.1" or "DNS:localhost" */
  readonly sign: (names: string) => Signed
}

const NEW_KEY = ["-nodes", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]

const openssl = (directory: string, ...args: ReadonlyArray<string>): void =>
  void execFileSync("openssl", args, { stdio: "ignore", cwd: directory })

export const makeAuthority = Effect.map(
  Effect.acquireRelease(
    Effect.sync(() => mkdtempSync(join(tmpdir(), "clarion-authority-"))),
    (directory) => Effect.sync(() => rmSync(directory, { recursive: true, force: true }))
  ),
  (directory): Authority => {
    const own = ["-subj", "/CN=authority", "-keyout", "ca.key", "-out", "ca.pem"]
    openssl(directory, "req", "-x509", "-days", "2", ...NEW_KEY, ...own)
    let signed = 0
    return {
      ca: join(directory, "ca.pem"),
      sign: (names) => {
        const name = `signed${++signed}`
        const [key, request, cert] = ["key", "csr", "pem"].map((kind) => `${name}.${kind}`) as [
          string,
          string,
          string
        ]
        const asked = [
          "-subj",
          `/CN=${name}`,
          "-addext",
          `subjectAltName=${names}`,
          "-keyout",
          key,
          "-out",
          request
        ]
        openssl(directory, "req", "-new", ...NEW_KEY, ...asked)
        const by = ["-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-copy_extensions", "copy"]
        openssl(directory, "x509", "-req", "-days", "2", "-in", request, "-out", cert, ...by)
        return { cert: join(directory, cert), key: join(directory, key) }
      }
    }
  }
)
