/**
 * Bytes that are a part of something much larger, such as a message with many publications, would keep all of it in
 * memory: they are copied.
 */
import type { ClientInfo } from "../protocol/centrifuge/messages.ts"

export const ownBytes = (data: Uint8Array): Uint8Array =>
  data.byteLength * 2 < data.buffer.byteLength ? new Uint8Array(data) : data

export const ownInfo = ({ user, client, connInfo, chanInfo }: ClientInfo): ClientInfo => ({
  user,
  client,
  connInfo: connInfo && ownBytes(connInfo),
  chanInfo: chanInfo && ownBytes(chanInfo)
})
