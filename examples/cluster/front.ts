/**
 * One port in front of all nodes, in the place of a load balancer: each connection goes to the next node that takes it. It looks at no bytes and
 * asks nobody for his health, which real ones do: docs/scale-out.md, In front of the nodes.
 */
import { connect, createServer, type Server, type Socket } from "node:net"

const HOST = "127.0.0.1"

/** The first of these ports that takes a connection. */
const toOneOf = (ports: ReadonlyArray<number>, found: (node: Socket | undefined) => void): void => {
  const [port, ...others] = ports
  if (port === undefined) return found(undefined)
  const node = connect(port, HOST)
  const refused = () => toOneOf(others, found)
  node.once("error", refused)
  node.once("connect", () => {
    node.off("error", refused)
    found(node)
  })
}

/** Both are open, or neither. */
const join = (client: Socket, node: Socket): void => {
  client.pipe(node).pipe(client)
  node.on("error", () => client.resetAndDestroy())
  client.on("close", () => node.destroy())
  node.on("close", () => client.destroy())
}

/** Listens until the program ends. @param nodePorts of nodes on this machine */
export const listenInFront = (port: number, nodePorts: ReadonlyArray<number>): Server => {
  let turn = 0
  const server = createServer((client) => {
    // What is wrong with a connection is told by its close.
    client.on("error", () => {})
    const first = turn++ % nodePorts.length
    toOneOf([...nodePorts.slice(first), ...nodePorts.slice(0, first)], (node) => {
      if (node === undefined || client.destroyed) {
        node?.destroy()
        client.destroy()
      } else join(client, node)
    })
  })
  return server.listen(port, HOST)
}
