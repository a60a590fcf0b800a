/** nats-server under measurement: one, or three that are a cluster, each ended when its work is done. */
import { spawnSync } from "node:child_process"
import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { end, type Server, startServer, Unavailable } from "../support/children.ts"
import { withFolder } from "../support/folder.ts"
import { freePort } from "../support/freePort.ts"

const READY = /Listening for client connections on 127\.0\.0\.1:(\d+)/

const checkThere = (): void => {
  if (spawnSync("nats-server", ["--version"]).status !== 0)
    throw new Unavailable("there is no nats-server on PATH (Debian: apt-get install nats-server)")
}

const started = (
  folder: string,
  name: string,
  core: number | undefined,
  cluster: string
): Promise<Server> => {
  const file = join(folder, `${name}.conf`)
  writeFileSync(
    file,
    `server_name: ${name}
listen: "127.0.0.1:-1"
jetstream { store_dir: "${join(folder, name)}", max_memory_store: 512MB, max_file_store: 2GB }
${cluster}
`
  )
  return startServer(["nats-server", "-c", file], core, READY)
}

/** Uses so many servers, which keep their streams in the folder; one alone stands on the core, several share the machine. */
export const withNats = async <A>(
  count: 1 | 3,
  core: number | undefined,
  use: (servers: ReadonlyArray<Server>, folder: string) => Promise<A>
): Promise<A> => {
  checkThere()
  return withFolder(async (folder) => {
    const routePorts = await Promise.all(Array.from({ length: count }, () => freePort()))
    const routes = routePorts.map((port) => `nats-route://127.0.0.1:${port}`).join(", ")
    const clusterOf = (at: number) =>
      count === 1
        ? ""
        : `cluster { name: bench, listen: "127.0.0.1:${routePorts[at] ?? 0}", routes: [${routes}] }`
    const servers: Array<Server> = []
    try {
      for (let at = 0; at < count; at++)
        servers.push(await started(folder, `n${at}`, count === 1 ? core : undefined, clusterOf(at)))
      return await use(servers, folder)
    } finally {
      await Promise.all(servers.map(({ child }) => end(child)))
    }
  })
}
