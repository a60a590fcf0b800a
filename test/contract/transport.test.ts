/** The contract of src/services/Transport.ts, one suite for every transport. */
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll, describe } from "vitest"
import { makeCertificate, type Pem } from "../support/server/certificate.ts"
import { serve } from "../support/server/serve.ts"
import type { Contract } from "./Contract.ts"
import { deliverySuite } from "./deliverySuite.ts"
import { frameSuite } from "./frameSuite.ts"
import { handshakeSuite } from "./handshakeSuite.ts"
import { httpSuite } from "./httpSuite.ts"
import { listenSuite } from "./listenSuite.ts"
import { patienceSuite } from "./patienceSuite.ts"

const folder = mkdtempSync(join(tmpdir(), "clarion-contract-"))
let pem: Pem
beforeAll(() => {
  pem = makeCertificate(folder)
})
afterAll(() => rmSync(folder, { recursive: true }))

const contracts: ReadonlyArray<Contract> = (["uws", "ws"] as const).flatMap((transport) =>
  [false, true].map((isSecure) => ({
    transport,
    isSecure,
    start: (settings = {}, hooks = {}) => {
      const tls = isSecure ? { "server.tls.cert": pem.certFile, "server.tls.key": pem.keyFile } : {}
      return serve({ "server.transport": transport, ...tls, ...settings }, hooks)
    }
  }))
)

describe.each(contracts)("$transport, TLS: $isSecure", (contract) => {
  describe("handshakes", () => handshakeSuite(contract))
  describe("frames", () => frameSuite(contract))
  describe("begin and end", () => listenSuite(contract))
  describe("delivery", () => deliverySuite(contract))
  describe("silent and slow clients", () => patienceSuite(contract))
  describe.skipIf(contract.isSecure)("plain HTTP", () => httpSuite(contract))
})
