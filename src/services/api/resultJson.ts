/** Results as JSON text. The schemas of what is written here are in results.ts. */
import { isJson } from "../../protocol/centrifuge/json.ts"
import type { ClientInfo } from "../../protocol/centrifuge/messages.ts"
import { utf8Text } from "../../protocol/utf8.ts"
import type { History, Published } from "../broker/Broker.ts"
import type { NodeInfo } from "../Control.ts"
import type { ChannelPublication } from "../hot/ChannelEvent.ts"
import type { PresenceStats } from "../Presence.ts"

export const EMPTY = "{}"

const quoted = (text: string): string => JSON.stringify(text)

const list = (items: Iterable<string>): string => `[${[...items].join(",")}]`

const object = (members: Iterable<readonly [name: string, json: string]>): string =>
  `{${[...members].map(([name, json]) => `${quoted(name)}:${json}`).join(",")}}`

/**
 * A member with a payload, and the comma before it. What is not JSON, as Protobuf clients and publications in base64 may be, comes in base64,
 * which the member's name then begins with.
 */
export const payload = (name: string, bytes: Uint8Array | undefined): string => {
  if (bytes === undefined || bytes.length === 0) return ""
  return isJson(bytes)
    ? `,"${name}":${utf8Text(bytes)}`
    : `,"b64${name}":"${Buffer.from(bytes).toString("base64")}"`
}

const clientInfo = ({ user = "", client = "", connInfo, chanInfo }: ClientInfo): string =>
  `{"user":${quoted(user)},"client":${quoted(client)}` +
  `${payload("conn_info", connInfo)}${payload("chan_info", chanInfo)}}`

const publication = ({ offset, data, info, tags }: ChannelPublication): string =>
  `{"offset":${offset}${payload("data", data)}` +
  (info === undefined ? "" : `,"info":${clientInfo(info)}`) +
  (tags === undefined || Object.keys(tags).length === 0 ? "}" : `,"tags":${JSON.stringify(tags)}}`)

/** A channel that keeps no history has no position to tell. */
export const publishedJson = ({ offset, epoch }: Published): string =>
  offset === 0 ? EMPTY : `{"offset":${offset},"epoch":${quoted(epoch)}}`

/** The result of a request that keeps a receipt. */
export const withReceiptJson = (result: string, id: string): string =>
  `${result.slice(0, -1)}${result === EMPTY ? "" : ","}"receipt":${quoted(id)}}`

export const presenceJson = (clients: ReadonlyMap<string, ClientInfo>): string =>
  `{"presence":${object([...clients].map(([id, info]) => [id, clientInfo(info)]))}}`

export const presenceStatsJson = ({ numClients, numUsers }: PresenceStats): string =>
  `{"num_clients":${numClients},"num_users":${numUsers}}`

export const historyJson = ({ publications, epoch, offset }: History): string =>
  `{"publications":${list(publications.map(publication))},"epoch":${quoted(epoch)},"offset":${offset}}`

export const channelsJson = (channels: Iterable<readonly [name: string, numClients: number]>): string =>
  `{"channels":${object([...channels].map(([name, count]) => [name, `{"num_clients":${count}}`]))}}`

const nodeJson = (node: NodeInfo): string =>
  JSON.stringify({
    uid: node.uid,
    name: node.name,
    version: node.version,
    num_clients: node.numClients,
    num_users: node.numUsers,
    num_channels: node.numChannels,
    num_subs: node.numSubs,
    uptime: node.uptime
  })

export const infoJson = (nodes: ReadonlyArray<NodeInfo>): string => `{"nodes":${list(nodes.map(nodeJson))}}`

/** The data of an answer, which is JSON; none where there are no bytes. */
export const dataJson = (data: Uint8Array): string =>
  data.length === 0 ? EMPTY : `{"data":${utf8Text(data)}}`
