// Holds the import directions of docs/architecture.md: which room of src/ may import which.
import { readdirSync, readFileSync } from "node:fs"
import { dirname, join, relative } from "node:path"
import { fileURLToPath } from "node:url"

const src = join(dirname(dirname(fileURLToPath(import.meta.url))), "src")

/** Each room and the rooms that it may import; itself always. The first room whose folder matches is a file's own. */
const rooms = {
  "services/hot": ["protocol"],
  protocol: [],
  config: ["protocol"],
  services: ["config", "protocol", "services/hot"],
  cli: ["config", "protocol"],
  client: ["services", "config", "protocol", "services/hot"],
  doctor: ["services", "config", "protocol", "services/hot"],
  capacity: ["doctor", "config"],
  actors: ["client", "services", "config", "protocol", "services/hot"],
  ui: ["protocol"]
}
const roomOf = (path) => Object.keys(rooms).find((room) => path.startsWith(`${room}/`))

const wrong = []
const imports = /(?:from|import)\s*\(?\s*"(\.{1,2}\/[^"]+)"/g
for (const file of readdirSync(src, { recursive: true }).filter((name) => /\.tsx?$/.test(name))) {
  const own = roomOf(file)
  if (own === undefined) continue // server.ts, client.ts and index.ts see everything
  for (const [, target] of readFileSync(join(src, file), "utf8").matchAll(imports)) {
    const path = relative(src, join(src, dirname(file), target))
    const room = roomOf(path)
    if (room !== own && !rooms[own].includes(room))
      wrong.push(`src/${file}: ${own} may not import src/${path}`)
  }
}
for (const line of wrong) console.error(line)
process.exit(wrong.length === 0 ? 0 : 1)
