import { choose, type Scheme, scheme, schemes } from "./scheme.ts"
import { useCell } from "./useCell.ts"

const names: Record<Scheme, string> = { auto: "Auto", light: "Light", dark: "Dark" }

export const SchemeSwitch = () => {
  const chosen = useCell(scheme)
  return (
    <label class="scheme-switch">
      <span>Colours </span>
      <select
        aria-label="Colours"
        value={chosen}
        onChange={(event) => choose(event.currentTarget.value as Scheme)}
      >
        {schemes.map((one) => (
          <option key={one} value={one}>
            {names[one]}
          </option>
        ))}
      </select>
    </label>
  )
}
