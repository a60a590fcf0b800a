import * as Duration from "effect/Duration"
import { describe, expect, it } from "vitest"
import type { ChannelOptions } from "../../../../src/config/channelKeys.ts"
import { streamOptions } from "../../../../src/services/channels/streams.ts"
import { configWith } from "../../../support/configurations.ts"

const optionsWith = (options: Partial<ChannelOptions>): ChannelOptions => ({
  ...configWith().channels.withoutNamespace,
  ...options
})

describe("a stream", () => {
  it("is what the options say of size and lifetimes, made once", () => {
    const options = optionsWith({
      historySize: 5,
      historyTtl: Duration.minutes(1),
      historyMetaTtl: Duration.hours(1)
    })
    expect(streamOptions(options)).toEqual({ size: 5, ttlMs: 60_000, metaTtlMs: 3_600_000, isDurable: false })
    expect(streamOptions(options)).toBe(streamOptions(options))
  })

  it("is none without history", () => {
    for (const options of [{}, { historySize: 5 }, { historyTtl: Duration.minutes(1) }]) {
      const without = optionsWith(options)
      expect([streamOptions(without), streamOptions(without)]).toEqual([undefined, undefined])
    }
  })
})
