// Prints docs/configuration.md from the tables of keys: node scripts/configuration-docs.mjs > docs/configuration.md
import { clientKeys } from "../dist/config/ClientConfig.js"
import { environmentName } from "../dist/config/Keys.js"
import { serverKeys } from "../dist/config/ServerConfig.js"

const row = ([path, { kind, fallback, about }]) => {
  const value = fallback === undefined ? "unset" : `\`${JSON.stringify(kind.toJson(fallback))}\``
  return `| \`${path}\` | ${kind.expected.replaceAll("|", "or")} | ${value} | ${about} |`
}
const table = (keys) =>
  ["| key | accepts | built-in | meaning |", "|---|---|---|---|", ...Object.entries(keys).map(row)].join("\n")

console.log(`# Configuration

Every key may stand in the file given with \`--config\` (nested JSON), in the environment, or on the command line. Flags win over the
environment, the environment over the file, the file over the built-in values. \`server.port\` is \`--server.port 9000\` as a flag and
\`${environmentName("server.port")}=9000\` in the environment. \`--check-config\` tells every problem at once (exit code 78),
\`--print-config\` shows what results, with secrets masked. This page is made by \`scripts/configuration-docs.mjs\`.

## Server

${table(serverKeys)}

## Load client

${table(clientKeys)}`)
