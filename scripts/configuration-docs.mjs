// Prints docs/configuration.md from the tables of keys: node scripts/configuration-docs.mjs > docs/configuration.md
import { clientKeys } from "../dist/config/ClientConfig.js"
import { channelKeys } from "../dist/config/channelKeys.js"
import { environmentName } from "../dist/config/Keys.js"
import { serverKeys } from "../dist/config/ServerConfig.js"

const cell = (text) => text.replaceAll("|", "\\|")
const row = ([path, { kind, fallback, about }]) => {
  const value = fallback === undefined ? "unset" : `\`${JSON.stringify(kind.toJson(fallback))}\``
  return `| \`${path}\` | ${cell(kind.expected)} | ${value} | ${cell(about)} |`
}
const table = (entries) =>
  ["| key | accepts | built-in | meaning |", "|---|---|---|---|", ...entries.map(row)].join("\n")

const withoutNamespace = ([path]) => path.startsWith("channels.withoutNamespace.")
const server = Object.entries(serverKeys)

console.log(`# Configuration

Every key may stand in the file given with \`--config\` (nested JSON), in the environment, or on the command line. Flags win over the
environment, the environment over the file, the file over the built-in values. \`server.port\` is \`--server.port 9000\` as a flag and
\`${environmentName("server.port")}=9000\` in the environment. \`--check-config\` tells every problem at once (exit code 78),
\`--print-config\` shows what results, with secrets masked. This page is made by \`scripts/configuration-docs.mjs\`.

## Server

${table(server.filter((entry) => !withoutNamespace(entry)))}

## Options of channels

Channels whose names have no namespace have these under \`channels.withoutNamespace\`: \`channels.withoutNamespace.presence\`, as a flag
\`--channels.withoutNamespace.presence\`. Channels of a namespace have those that stand beside its name in \`channels.namespaces\`, and the
built-in values for the others: \`{ "channels": { "namespaces": [{ "name": "chat", "presence": true }] } }\`.

${table(Object.entries(channelKeys))}

## Load client

${table(Object.entries(clientKeys))}`)
