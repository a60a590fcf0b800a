/** The contract of src/services/Transport.ts, one suite for every transport. */
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { beforeAll, describe } from "vitest"
import { makeCertificate, type Pem } from "../support/server/certificate.ts"
import { listen } from "../support/server/listen.ts"
import { serve } from "../support/server/serve.ts"
import type { Contract } from "./Contract.ts"
import { deliverySuite } from "./deliverySuite.ts"
import { frameSuite } from "./frameSuite.ts"
import { handshakeSuite } from "./handshakeSuite.ts"
import { httpSuite } from "./httpSuite.ts"
import { listenSuite } from "./listenSuite.ts"
import { patienceSuite } from "./patienceSuite.ts"
import { requestSuite } from "./requestSuite.ts"
import { routeSuite } from "./routeSuite.ts"
import { slowStreamSuite } from "./slowStreamSuite.ts"
import { streamSuite } from "./streamSuite.ts"

let pem: Pem
// Not when the file is loaded: where none of its tests is chosen, nothing would remove the folder.
beforeAll(() => {
  const folder = mkdtempSync(join(tmpdir(), "clarion-contract-"))
  pem = makeCertificate(folder)
  return () => rmSync(folder, { recursive: true })
})

const contracts: ReadonlyArray<Contract> = (["uws", "ws"] as const).flatMap((transport) =>
  [false, true].map((isSecure): Contract => {
    const own = () => ({
      "server.transport": transport,
      ...(isSecure ? { "server.tls.cert": pem.certFile, "server.tls.key": pem.keyFile } : {})
    })
    return {
      transport,
      isSecure,
      start: (settings = {}, hooks = {}) => serve({ ...own(), ...settings }, hooks),
      listen: (setup) => listen({ ...setup, settings: { ...own(), ...setup.settings } })
    }
  })
)

describe.each(contracts)("$transport, TLS: $isSecure", (contract) => {
  describe("handshakes", () => handshakeSuite(contract))
  describe("frames", () => frameSuite(contract))
  describe("begin and end", () => listenSuite(contract))
  describe("delivery", () => deliverySuite(contract))
  describe("silent and slow clients", () => patienceSuite(contract))
  describe("requests and answers", () => requestSuite(contract))
  describe("streams", () => streamSuite(contract))
  describe("slow readers of streams and sessions", () => slowStreamSuite(contract))
  describe("WebSockets of sessions", () => routeSuite(contract))
  describe.skipIf(contract.isSecure)("plain HTTP", () => httpSuite(contract))
})
