/** Numbers and texts inside of a value, each with the path to it: "setup.batchSize" and 500. A list is one text. */
export const leaves = (path: string, value: unknown): ReadonlyArray<readonly [string, string | number]> => {
  if (value === null || value === undefined) return [[path, ""]]
  if (typeof value === "number") return [[path, value]]
  if (Array.isArray(value)) return [[path, value.map(String).join(", ")]]
  if (typeof value !== "object") return [[path, String(value)]]
  return Object.entries(value).flatMap(([name, inner]) =>
    leaves(path === "" ? name : `${path}.${name}`, inner)
  )
}
