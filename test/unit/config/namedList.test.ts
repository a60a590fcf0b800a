import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import { describe, expect, it } from "vitest"
import { key } from "../../../src/config/Keys.ts"
import * as Kind from "../../../src/config/Kind.ts"
import { namedList } from "../../../src/config/namedList.ts"
import { printable, resolve, transferable } from "../../../src/config/resolve.ts"
import { fromJson } from "../../../src/config/sources.ts"

const hooks = namedList("a list of hooks", "which hook", {
  "sign.secret": key(Kind.secret, undefined, "signs"),
  tries: key(Kind.integer(1), 3, "how often")
})
const keys = { hooks: key(hooks, [], "the hooks") }

describe("entries of a list of named objects", () => {
  const document = { hooks: [{ name: "one", sign: { secret: "hunter2" } }] }
  const config = Result.getOrThrow(resolve(keys, [fromJson(keys, document, "conf.json")]))

  it("may have parts in parts, and secrets", () => {
    const [hook] = config.hooks
    expect([hook?.name, hook?.tries, hook?.sign.secret && Redacted.value(hook.sign.secret)]).toEqual([
      "one",
      3,
      "hunter2"
    ])
  })

  it("show no secret, but take it along to another process", () => {
    expect(printable(keys, config)).toEqual({
      hooks: [{ name: "one", sign: { secret: "<secret>" }, tries: 3 }]
    })
    expect(transferable(keys, config)).toEqual({
      hooks: [{ name: "one", sign: { secret: "hunter2" }, tries: 3 }]
    })
  })
})
