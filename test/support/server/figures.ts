/** Reads Prometheus' text format as far as the tests need it. */

/** "name" or "name{label=\"value\"}" → value. */
export type Figures = ReadonlyMap<string, number>

export const parseFigures = (text: string): Figures => {
  const lines = text.split("\n").filter((line) => line !== "" && !line.startsWith("#"))
  return new Map(lines.map((line) => [line.slice(0, line.lastIndexOf(" ")), Number(line.split(" ").at(-1))]))
}

export const closedWith = (figures: Figures, code: number): number =>
  figures.get(`clarion_connections_closed_total{code="${code}"}`) ?? 0

export const refusedFor = (figures: Figures, reason: string): number =>
  figures.get(`clarion_handshakes_refused_total{reason="${reason}"}`) ?? 0
