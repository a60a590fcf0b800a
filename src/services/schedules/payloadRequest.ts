/** From what a request says of where and what, to channels and a payload that every one of them takes. */
import * as Result from "effect/Result"
import type { ChannelOptions } from "../../config/channelKeys.ts"
import type { SchedulesConfig } from "../../config/scheduleKeys.ts"
import { ErrorCodes } from "../../protocol/codes.ts"
import { type ChannelsShape, isErrorCode } from "../channels/Channels.ts"
import { dataProblem } from "../channels/dataProblem.ts"
import type { Problems } from "./Problems.ts"
import type { Payload } from "./Schedule.ts"
import type { ScheduleRequest } from "./Scheduler.ts"
import { LONGEST_VALUES, parseTemplate, render } from "./template.ts"

export interface PayloadRules {
  readonly config: SchedulesConfig
  readonly optionsOf: ChannelsShape["optionsOf"]
  /** False: what is missing is no problem. */
  readonly isWhole: boolean
}

/** The first channel with each of the options. */
type Takers = ReadonlyMap<ChannelOptions, string>

export interface ReadChannels {
  readonly channels: ReadonlyArray<string>
  readonly takers: Takers
}

/** Characters of a channel's name that are told. */
const NAME_TOLD = 64

const told = (name: string): string =>
  JSON.stringify(name.length > NAME_TOLD ? `${name.slice(0, NAME_TOLD)}…` : name)

/** The channels, or undefined, with problems. Those behind the bound are not looked at. */
export const readChannels = (
  value: unknown,
  { config, optionsOf, isWhole }: PayloadRules,
  problems: Problems
): ReadChannels | undefined => {
  if (value === undefined) {
    if (isWhole) problems.add("channels", "is missing: at least one channel is needed")
    return undefined
  }
  if (!Array.isArray(value) || value.length === 0) {
    problems.add("channels", "expected a list of at least one channel")
    return undefined
  }
  if (value.length > config.channels)
    problems.add("channels", `are ${value.length}, and schedules.channels is ${config.channels}`)
  const takers = new Map<ChannelOptions, string>()
  const places = new Map<string, number>()
  for (const [index, channel] of value.slice(0, config.channels).entries()) {
    const where = `channels[${index}]`
    const options = typeof channel === "string" ? optionsOf(channel) : undefined
    const place = places.get(channel)
    if (options === undefined) problems.add(where, "expected a text")
    else if (place !== undefined) problems.add(where, `is ${told(channel)}, as channels[${place}] is`)
    else if (options === ErrorCodes.unknownChannel)
      problems.add(where, `is in an unknown namespace: ${told(channel)}`)
    else if (isErrorCode(options)) problems.add(where, `is empty or too long: ${told(channel)}`)
    else if (!takers.has(options)) takers.set(options, channel)
    if (place === undefined) places.set(channel, index)
  }
  return { channels: value, takers }
}

const takes: Readonly<Record<ChannelOptions["publicationDataFormat"], string>> = {
  any: "takes no empty data",
  json: "takes JSON only",
  json_object: "takes JSON objects only",
  binary: "takes every data"
}

class PayloadReader {
  constructor(
    private readonly config: SchedulesConfig,
    private readonly takers: Takers,
    private readonly problems: Problems
  ) {}

  readData(data: unknown): Payload | undefined {
    if (!(data instanceof Uint8Array)) {
      this.problems.add("data", "expected bytes")
      return undefined
    }
    this.checkBytes("data", data)
    return { kind: "data", data }
  }

  readTemplate(text: unknown): Payload | undefined {
    const template = parseTemplate(typeof text === "string" ? text : "")
    if (typeof text !== "string") this.problems.add("template", "expected a text")
    else if (text.length > this.config.dataSize) this.checkSize("template", text.length)
    else if (Result.isFailure(template))
      for (const problem of template.failure) this.problems.add("template", problem)
    else this.checkBytes("template", render(template.success, LONGEST_VALUES))
    return typeof text === "string" ? { kind: "template", text } : undefined
  }

  private checkSize(where: string, size: number): void {
    const { dataSize } = this.config
    if (size > dataSize) this.problems.add(where, `has ${size} bytes, and schedules.dataSize is ${dataSize}`)
  }

  private checkBytes(where: string, data: Uint8Array): void {
    this.checkSize(where, data.length)
    if (data.length > this.config.dataSize) return
    for (const [options, channel] of this.takers)
      if (dataProblem(options, data) !== undefined)
        this.problems.add(where, `does not fit: ${told(channel)} ${takes[options.publicationDataFormat]}`)
  }
}

/** What is published, or undefined, with problems. */
export const readPayload = (
  { data, template }: Pick<ScheduleRequest, "data" | "template">,
  takers: Takers,
  { config, isWhole }: PayloadRules,
  problems: Problems
): Payload | undefined => {
  const reader = new PayloadReader(config, takers, problems)
  const given = data === undefined ? undefined : reader.readData(data)
  const filled = template === undefined ? undefined : reader.readTemplate(template)
  if (data !== undefined && template !== undefined)
    problems.add("template", "is too much beside data: only one of them is possible")
  if (data === undefined && template === undefined && isWhole)
    problems.add("data", "is missing: one of data and template is needed")
  return given ?? filled
}
