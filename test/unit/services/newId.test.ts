import { describe, expect, it } from "vitest"
import { newId } from "../../../src/services/newId.ts"

const UUID_V7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/

describe("newId", () => {
  it("is a UUID of version 7 that begins with its time", () => {
    // The time of the example in RFC 9562, A.6.
    const id = newId(0x017f22e279b0)
    expect(id).toMatch(UUID_V7)
    expect(id.slice(0, 13)).toBe("017f22e2-79b0")
    expect(newId(0)).toMatch(/^00000000-0000-7/)
    expect(newId(1893456000000.7)).toMatch(UUID_V7)
  })

  it("comes in the order of time, and never twice", () => {
    const ids = Array.from({ length: 10_000 }, (_, index) => newId(1893456000000 + index))
    expect([...ids].sort()).toEqual(ids)
    expect(new Set(Array.from({ length: 10_000 }, () => newId(5))).size).toBe(10_000)
  })
})
