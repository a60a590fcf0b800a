/** Bytes that a state may have: clients are cut off that have a megabyte waiting. */
const MAX_BYTES = 262_144

/**
 * A state with a list of what is shown, as JSON text. What would make it too long is left out at the end of the list.
 * @param shown each as JSON text
 */
export const listText = (state: object, shown: ReadonlyArray<string>): string => {
  let bytes = 0
  const fitting = shown.filter((item) => {
    bytes += Buffer.byteLength(item)
    return bytes <= MAX_BYTES
  })
  return `${JSON.stringify(state).slice(0, -1)},"shown":[${fitting.join(",")}]}`
}
