import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { Registry } from "../../../../src/services/sessions/Registry.ts"
import type { Session } from "../../../../src/services/sessions/Session.ts"

const session = (client: string, user: string): Session => ({ client, user }) as Session

describe("a registry", () => {
  it("knows who is there by client and by user, whatever the order in which they come and go", () => {
    const step = fc.record({ client: fc.nat(9), isLeaving: fc.boolean() })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const registry = new Registry()
        const all = Array.from({ length: 10 }, (_, i) => session(`c${i}`, i < 5 ? "many" : `u${i}`))
        const present: Array<Session> = []
        for (const { client, isLeaving } of steps) {
          const one = all[client]!
          const at = present.indexOf(one)
          if (isLeaving) {
            registry.remove(one)
            if (at >= 0) present.splice(at, 1)
          } else if (at < 0) {
            registry.add(one)
            present.push(one)
          }
        }
        expect([...registry.clients.values()]).toEqual(present)
        for (const user of ["many", "u5", "u9", "nobody"])
          expect(registry.of(user)).toEqual(present.filter((one) => one.user === user))
        expect(registry.users).toBe(new Set(present.map(({ user }) => user)).size)
      })
    )
  })

  it("gives a list that stays as it is while sessions leave", () => {
    const registry = new Registry()
    const all = ["a", "b", "c"].map((client) => session(client, "u"))
    for (const one of all) registry.add(one)
    const found = registry.of("u")
    for (const one of found) registry.remove(one)
    expect(found).toEqual(all)
    expect(registry.users).toBe(0)
  })

  it("finds sessions by their secrets until those are forgotten", () => {
    const registry = new Registry()
    const one = session("a", "u")
    registry.emulate("secret", one)
    expect(registry.emulated("secret")).toBe(one)
    expect(registry.emulated("Secret")).toBeUndefined()
    registry.forget("secret")
    registry.forget("never known")
    expect(registry.emulated("secret")).toBeUndefined()
  })
})
