/** What Prometheus' own tool says of the metrics and of the alerts. */
import { spawnSync } from "node:child_process"
import { fileURLToPath } from "node:url"
import { describe, expect, it } from "vitest"
import { ask } from "../../support/server/ask.ts"
import { connect } from "../../support/server/clients.ts"
import { serve } from "../../support/server/serve.ts"
import { WITH_KEY } from "../../support/server/workers.ts"
import { Collector, tracingTo } from "../../support/tracing/Collector.ts"

const run = (args: ReadonlyArray<string>, input = "") => {
  const { error, status, stdout, stderr } = spawnSync("promtool", args, { input, encoding: "utf8" })
  return { isThere: error === undefined, status, said: stdout + stderr }
}
const { isThere } = run(["--version"])
const folder = fileURLToPath(new URL("../../../docs/grafana/", import.meta.url))

describe.skipIf(!isThere)(
  `promtool${isThere ? "" : " (not installed: it is in Debian's package prometheus)"}`,
  () => {
    it("finds nothing wrong with what a server tells", async () => {
      const served = await serve(tracingTo(await Collector.start(), { "receipts.acknowledgement": true }))
      const client = await connect(served.url())
      await served.broadcast("hello")
      await client.messages.count(1)
      const { body } = await ask(served.port, "/metrics", WITH_KEY)
      expect(run(["check", "metrics"], body)).toMatchObject({ status: 0, said: "" })
    })

    it("takes the alerts, which speak when they should", () => {
      expect(run(["check", "rules", `${folder}alerts.yml`])).toMatchObject({ status: 0 })
      const tested = run(["test", "rules", `${folder}alerts.test.yml`])
      expect(tested.said).toContain("SUCCESS")
      expect(tested.status).toBe(0)
    })
  }
)
