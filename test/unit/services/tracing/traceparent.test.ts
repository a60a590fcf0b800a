import { describe, expect, it } from "vitest"
import { readTraceparent } from "../../../../src/services/tracing/traceparent.ts"
import { readTracestate, tracestateOf } from "../../../../src/services/tracing/tracestate.ts"

const TRACE = "0af7651916cd43dd8448eb211c80319c"
const SPAN = "b7ad6b7169203331"

describe("the header traceparent", () => {
  it.each([
    ["of a sampled span", `00-${TRACE}-${SPAN}-01`, true],
    ["of one that is not", `00-${TRACE}-${SPAN}-00`, false],
    ["with flags that are not known yet", `00-${TRACE}-${SPAN}-fe`, false],
    ["with those and the known one", `00-${TRACE}-${SPAN}-ff`, true],
    ["with white space around it", ` 00-${TRACE}-${SPAN}-01\t`, true],
    ["of a later version", `01-${TRACE}-${SPAN}-01`, true],
    ["of a later version with more in it", `cc-${TRACE}-${SPAN}-00-what-ever`, false]
  ])("%s is read", (_, header, sampled) => {
    expect(readTraceparent(header)).toMatchObject({ traceId: TRACE, spanId: SPAN, sampled })
  })

  it.each([
    ["none", undefined],
    ["an empty one", ""],
    ["no trace", `00-${"0".repeat(32)}-${SPAN}-01`],
    ["no span", `00-${TRACE}-${"0".repeat(16)}-01`],
    ["a short trace", `00-${TRACE.slice(1)}-${SPAN}-01`],
    ["a long span", `00-${TRACE}-${SPAN}0-01`],
    ["capital letters", `00-${TRACE.toUpperCase()}-${SPAN}-01`],
    ["the version that never will be", `ff-${TRACE}-${SPAN}-01`],
    ["more than version 00 has", `00-${TRACE}-${SPAN}-01-more`],
    ["more than a later version may have", `01-${TRACE}-${SPAN}-01.more`],
    ["flags that are no digits", `00-${TRACE}-${SPAN}-0g`],
    ["two of them", `00-${TRACE}-${SPAN}-01, 00-${TRACE}-${SPAN}-01`]
  ])("%s says nothing", (_, header) => {
    expect(readTraceparent(header)).toBeUndefined()
  })
})

describe("the header tracestate", () => {
  it.each([
    ["rojo=00f067aa0ba902b7,congo=t61rcWkgMzE", "rojo=00f067aa0ba902b7,congo=t61rcWkgMzE"],
    [" a=1 ,, b@c=2 x\t", "a=1,b@c=2 x"],
    [`a=${"x".repeat(256)}`, `a=${"x".repeat(256)}`]
  ])("%s is carried on", (header, state) => {
    expect(readTracestate(header)).toBe(state)
    const span = readTraceparent(`00-${TRACE}-${SPAN}-01`, header)
    expect(span && tracestateOf(span)).toBe(state)
  })

  it.each([
    ["none", undefined],
    ["an empty one", " , "],
    ["no value", "a="],
    ["no key", "=1"],
    ["capital letters", "A=1"],
    ["two equals signs", "a=1=2"],
    ["a system that speaks twice", "a=1,b=2,a=3"],
    ["a line break", "a=1\nb"],
    ["more than 512 characters", `a=${"x".repeat(200)},b=${"x".repeat(200)},c=${"x".repeat(200)}`],
    ["more than 32 members", Array.from({ length: 33 }, (_, i) => `a${i}=1`).join()]
  ])("%s is dropped, and the trace goes on", (_, header) => {
    expect(readTracestate(header)).toBeUndefined()
    const span = readTraceparent(`00-${TRACE}-${SPAN}-01`, header)
    expect([span?.traceId, span && tracestateOf(span)]).toEqual([TRACE, undefined])
  })

  it("says nothing without a traceparent", () => {
    expect(readTraceparent(undefined, "a=1")).toBeUndefined()
  })
})
