import * as Result from "effect/Result"
import fc from "fast-check"
import { expect, it } from "vitest"
import { MAX_PROCESS_CONNECTIONS, planProcesses } from "../../../src/actors/processPlan.ts"
import { clientKeys } from "../../../src/config/ClientConfig.ts"
import { parseLocalAddresses } from "../../../src/config/localAddresses.ts"
import { resolve } from "../../../src/config/resolve.ts"
import { fromJson } from "../../../src/config/sources.ts"
import { planClient } from "../../../src/doctor/clientChecks.ts"
import { connectionCapacity } from "../../../src/services/openFiles.ts"
import { LARGE } from "./facts.ts"

const configOf = (settings: object) =>
  Result.getOrThrow(resolve(clientKeys, [fromJson(clientKeys, settings, "settings")]))

it("the doctor's size of the plan is that of the client's own plan", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 120 }),
      fc.integer({ min: 1, max: 60_000 }),
      fc.integer({ min: 1, max: 8 }),
      fc.integer({ min: 2000, max: 100_000 }),
      (addresses, clients, size, openFiles) => {
        const config = configOf({
          local: { ip: `127.0.1.1-127.0.1.${addresses}` },
          total: { clients },
          setup: { threadpool: { size } }
        })
        const own = planProcesses({
          localAddresses: parseLocalAddresses(config.local.ip) as ReadonlyArray<string>,
          clients,
          batchSize: 1,
          perAddress: size,
          capacity: Math.min(connectionCapacity(openFiles), MAX_PROCESS_CONNECTIONS)
        })
        const sizes = own.map((shares) => shares.reduce((sum, share) => sum + share.clients, 0))
        const { processes, connectionsPerProcess } = planClient(config, { ...LARGE, openFiles })
        expect([processes, connectionsPerProcess]).toEqual([own.length, Math.max(...sizes)])
      }
    ),
    { numRuns: 50 }
  )
})
