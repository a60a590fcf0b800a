/** Each process of the server: its event loop, CPU and memory. */
import type { Overview } from "../../../protocol/dashboard.ts"
import { newest } from "../../parts/chartText.ts"
import { bytes, milliseconds, percent } from "../../parts/format.ts"
import { Table } from "../../parts/Table.tsx"
import { ofProcess, rate, timeline } from "./timeline.ts"

export const Processes = ({ known }: { readonly known: ReadonlyArray<Overview> }) => {
  const ticks = timeline(known.slice(-2))
  const rows = known.at(-1)!.processes.map((process) => {
    const cpu = rate(
      ticks,
      ofProcess(process.name, ({ cpuSeconds }) => cpuSeconds)
    )
    return { ...process, cpu: newest(cpu) }
  })
  return (
    <section class="panel">
      <h2>Processes</h2>
      <Table
        label="Processes"
        rows={rows}
        rowKey={({ name }) => name}
        empty="None has told of itself yet."
        columns={[
          { title: "Process", kind: "head", cell: ({ name }) => name },
          {
            title: "Loop delay p50",
            kind: "number",
            cell: ({ loopDelayMs }) => milliseconds(loopDelayMs.p50)
          },
          { title: "p99", kind: "number", cell: ({ loopDelayMs }) => milliseconds(loopDelayMs.p99) },
          { title: "Longest", kind: "number", cell: ({ loopDelayMs }) => milliseconds(loopDelayMs.max) },
          { title: "CPU", kind: "number", cell: ({ cpu }) => percent(cpu) },
          { title: "Memory", kind: "number", cell: ({ residentBytes }) => bytes(residentBytes) },
          { title: "Heap used", kind: "number", cell: ({ heapBytes }) => bytes(heapBytes) }
        ]}
      />
    </section>
  )
}
