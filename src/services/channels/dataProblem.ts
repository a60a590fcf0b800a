/** Whether data may be published in a channel: its `publicationDataFormat` and `maxDataSize`. */
import { isUtf8 } from "node:buffer"
import type { ChannelOptions } from "../../config/channelKeys.ts"
import { type ErrorCode, ErrorCodes } from "../../protocol/codes.ts"
import { isJsonText } from "../../protocol/rawJson.ts"
import { utf8Text } from "../../protocol/utf8.ts"

const isJson = (data: Uint8Array, pattern?: RegExp): boolean => {
  if (!isUtf8(data)) return false
  const text = utf8Text(data)
  return (pattern === undefined || pattern.test(text)) && isJsonText(text)
}

/** Valid JSON that begins so is an object. */
const BEGINS_OBJECT = /^[ \t\n\r]*\{/

const isFit = (format: ChannelOptions["publicationDataFormat"], data: Uint8Array): boolean => {
  switch (format) {
    case "any":
      return data.length > 0
    case "json":
      return isJson(data)
    case "json_object":
      return isJson(data, BEGINS_OBJECT)
    case "binary":
      return true
  }
}

/** 107 where the data is not what the channel takes; undefined where it is. */
export const dataProblem = (
  { publicationDataFormat, maxDataSize }: ChannelOptions,
  data: Uint8Array
): ErrorCode | undefined =>
  (maxDataSize === 0 || data.length <= maxDataSize) && isFit(publicationDataFormat, data)
    ? undefined
    : ErrorCodes.badRequest
