/** A key and a certificate that it signs itself, for "localhost" and 127.0.0.1, made anew for each test file. */
import { execFileSync } from "node:child_process"
import { readFileSync } from "node:fs"
import { join } from "node:path"

export interface Pem {
  readonly certFile: string
  readonly keyFile: string
  readonly cert: string
}

export const makeCertificate = (folder: string): Pem => {
  const [certFile, keyFile] = [join(folder, "cert.pem"), join(folder, "key.pem")]
  const names = "subjectAltName=DNS:localhost,IP:127.0.0.1"
  const request = ["req", "-x509", "-nodes", "-days", "2", "-subj", "/CN=localhost", "-addext", names]
  const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-keyout", keyFile, "-out", certFile]
  execFileSync("openssl", [...request, ...key], { stdio: "ignore" })
  return { certFile, keyFile, cert: readFileSync(certFile, "utf8") }
}
