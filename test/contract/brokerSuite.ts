/** The contract of src/services/broker/Broker.ts. */
import { describe } from "vitest"
import type { BrokerContract } from "./broker/BrokerContract.ts"
import { faultSuite } from "./broker/faultSuite.ts"
import { historySuite } from "./broker/historySuite.ts"
import { publishSuite } from "./broker/publishSuite.ts"
import { suppressionSuite } from "./broker/suppressionSuite.ts"

export const brokerSuite = (contract: BrokerContract): void => {
  describe("publications", () => publishSuite(contract))
  describe("history", () => historySuite(contract))
  describe("suppression", () => suppressionSuite(contract))
  describe.skipIf(!contract.canBreak)("faults", () => faultSuite(contract))
}
