// Queries in PromQL, over the servers and processes that are chosen in the dashboard.
/** Series of the servers that are chosen. */
const OF_SERVER = '{job="$job",instance=~"$instance"}'
/** Series of the processes that are chosen; the only process of a server has no label. */
const OF_PROCESS = '{job="$job",instance=~"$instance",process=~"$process"}'
const withMore = (selector, more) => selector.replace("}", `,${more}}`)

/** A metric of a server; with further label matchers, if there are any. */
export const of = (name, more) => name + (more === undefined ? OF_SERVER : withMore(OF_SERVER, more))
export const ofProcess = (name, more) => name + (more === undefined ? OF_PROCESS : withMore(OF_PROCESS, more))
export const rate = (selected) => `rate(${selected}[$__rate_interval])`
export const sumOf = (expression, by = "instance") => `sum by (${by}) (${expression})`
export const rateOf = (name, by) => sumOf(rate(of(name)), by)
export const quantileOf = (share, name) =>
  `histogram_quantile(${share}, ${sumOf(rate(of(`${name}_bucket`)), "instance, le")})`

/** A query and how its series are called. */
export const query = (expr, legendFormat = "{{instance}}") => ({ expr, legendFormat })
