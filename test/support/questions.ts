/** Questions to a backend. */
import type { ClientFacts, UserFacts } from "../../src/services/backend/Backend.ts"

export const facts: ClientFacts = {
  client: "9336a229-2400-4ebc-8c50-0a643d22e8a0",
  transport: "websocket",
  protocol: "json",
  encoding: "json",
  headers: new Map(),
  emulatedHeaders: {}
}

export const user: UserFacts = { ...facts, user: "56" }

export const bytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text))
export const textOf = (given: Uint8Array | undefined): string | undefined =>
  given === undefined ? undefined : Buffer.from(given).toString()
