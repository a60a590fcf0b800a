// Prints a dashboard for Grafana:
// node scripts/grafana-dashboard.mjs > docs/grafana/clarion.json && npx biome format --write docs/grafana
import { addClusterPanels } from "./grafana/clusterPanels.mjs"
import { addFeaturePanels } from "./grafana/featurePanels.mjs"
import { datasource, Layout } from "./grafana/Layout.mjs"
import { addServerPanels } from "./grafana/serverPanels.mjs"

/** A choice among the values of a label. */
const variable = (name, label, metric, { isMany }) => {
  const definition = `label_values(${metric}, ${name})`
  return {
    type: "query",
    name,
    label,
    datasource,
    definition,
    query: { query: definition, qryType: 1, refId: `variable-${name}` },
    refresh: 2,
    sort: 1,
    hide: 0,
    multi: isMany,
    includeAll: isMany,
    // Also series without the label, as those of a server of one process.
    ...(isMany ? { allValue: ".*", current: { text: "All", value: "$__all" } } : { current: {} }),
    options: [],
    regex: ""
  }
}

const layout = new Layout()
addServerPanels(layout)
addFeaturePanels(layout)
addClusterPanels(layout)

const dashboard = {
  uid: "clarion",
  title: "Clarion",
  description:
    "Servers of Clarion: connections, delivery, processes, channels, schedules. Metrics are explained in docs/metrics.md.",
  tags: ["clarion"],
  schemaVersion: 42,
  version: 1,
  editable: true,
  graphTooltip: 1,
  fiscalYearStartMonth: 0,
  weekStart: "",
  timezone: "browser",
  refresh: "30s",
  time: { from: "now-1h", to: "now" },
  timepicker: {},
  preload: false,
  links: [],
  annotations: { list: [] },
  templating: {
    list: [
      {
        type: "datasource",
        name: "datasource",
        label: "Data source",
        query: "prometheus",
        current: {},
        hide: 0,
        multi: false,
        includeAll: false,
        options: [],
        refresh: 1,
        regex: ""
      },
      variable("job", "Job", "clarion_connections", { isMany: false }),
      variable("instance", "Server", 'clarion_connections{job="$job"}', { isMany: true }),
      variable("process", "Process", 'process_cpu_seconds_total{job="$job",instance=~"$instance"}', {
        isMany: true
      })
    ]
  },
  panels: layout.panels
}

console.log(JSON.stringify(dashboard, undefined, 2))
