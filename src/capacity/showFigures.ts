/** What plans are computed from, for people. */
import { figures } from "./figures.ts"
import { amount, table } from "./words.ts"

export const showFigures = (json: boolean): string =>
  json
    ? JSON.stringify(figures, undefined, 2)
    : table(
        ["figure", "value", "what it is", "from"],
        Object.entries(figures).map(([name, { value, unit, about, origin, source }]) => [
          name,
          `${amount(value)} ${unit}`,
          about,
          `${origin}: ${source}`
        ])
      )
