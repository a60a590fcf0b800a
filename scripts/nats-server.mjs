// npm test: the tests of clusters need a nats-server. The one on PATH is used; where there is none, root gets Debian's, and everyone else is told
// that these tests are skipped.
import { spawnSync } from "node:child_process"

const isThere = (command) => spawnSync(command, ["--version"], { stdio: "ignore" }).status === 0
const run = (command, ...args) =>
  spawnSync(command, args, {
    stdio: "inherit",
    timeout: 180_000,
    env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" }
  }).status === 0

const install = () => run("apt-get", "install", "-y", "-qq", "nats-server")

if (!isThere("nats-server")) {
  const isInstalled =
    process.getuid?.() === 0 &&
    isThere("apt-get") &&
    (install() || (run("apt-get", "update", "-qq") && install()))
  if (!isInstalled)
    console.error(
      "there is no nats-server on PATH (Debian: apt-get install nats-server): tests of clusters are skipped"
    )
}
