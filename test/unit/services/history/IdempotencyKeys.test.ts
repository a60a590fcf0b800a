import { describe, expect, it } from "vitest"
import { IDEMPOTENCY_TTL_MS, IdempotencyKeys } from "../../../../src/services/history/IdempotencyKeys.ts"

const START = 1_700_000_000_000
const at = (offset: number) => ({ offset, epoch: "e" })

describe("idempotency keys", () => {
  it("are known for five minutes, whenever they came", () => {
    for (let begin = 0; begin < 2 * IDEMPOTENCY_TTL_MS; begin += 17_000) {
      const keys = new IdempotencyKeys(100)
      keys.remember("news", "first", at(1), START)
      const came = START + begin
      keys.remember("news", "k", at(2), came)
      keys.remember("news", "next", at(3), came + 1000)
      expect(keys.find("news", "k", came + IDEMPOTENCY_TTL_MS - 1)).toMatchObject(at(2))
      keys.expire(came + IDEMPOTENCY_TTL_MS - 1)
      expect(keys.find("news", "k", came + IDEMPOTENCY_TTL_MS - 1)).toMatchObject(at(2))
      expect(keys.find("news", "k", came + IDEMPOTENCY_TTL_MS)).toBeUndefined()
      keys.remember("news", "k", at(4), came + IDEMPOTENCY_TTL_MS)
      expect(keys.find("news", "k", came + 2 * IDEMPOTENCY_TTL_MS - 1)).toMatchObject(at(4))
    }
  })

  it("take no memory ten minutes later", () => {
    const keys = new IdempotencyKeys(100)
    keys.remember("news", "k", at(1), START)
    keys.expire(START + IDEMPOTENCY_TTL_MS)
    expect(keys.size).toBe(1)
    keys.expire(START + 2 * IDEMPOTENCY_TTL_MS)
    expect(keys.size).toBe(0)
    keys.remember("news", "k", at(1), START + 3 * IDEMPOTENCY_TTL_MS)
    keys.expire(START + 9 * IDEMPOTENCY_TTL_MS)
    expect(keys.size).toBe(0)
  })

  it("beyond the bound the older half goes, and the newer one is known", () => {
    const keys = new IdempotencyKeys(100)
    for (let number = 1; number <= 1000; number++) {
      keys.remember("news", String(number), at(number), START)
      expect(keys.size).toBeLessThanOrEqual(100)
    }
    for (let number = 951; number <= 1000; number++)
      expect(keys.find("news", String(number), START)).toMatchObject(at(number))
    expect(keys.find("news", "900", START)).toBeUndefined()
  })

  it("of a megabyte cost what short ones do, and differ", () => {
    const keys = new IdempotencyKeys(100)
    const long = "k".repeat(1_000_000)
    keys.remember("news", `${long}1`, at(1), START)
    expect(keys.find("news", `${long}1`, START)).toMatchObject(at(1))
    expect(keys.find("news", `${long}2`, START)).toBeUndefined()
  })
})
