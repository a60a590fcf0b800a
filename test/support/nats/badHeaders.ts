/** Headers of a message that no client library makes and the server carries all the same: looking at them throws. */
import { headers, type MsgHdrs } from "@nats-io/transport-node"

export const badHeaders = (): MsgHdrs => {
  const made = headers()
  const { headers: lines } = made as unknown as { readonly headers: Map<string, ReadonlyArray<string>> }
  lines.set("bad key", ["1"])
  return made
}
