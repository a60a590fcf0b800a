/** Figures of now, each with what it is and a word more. */
export interface Tile {
  readonly name: string
  readonly value: string
  readonly more?: string | undefined
  readonly tone?: "bad" | "warn" | "good" | undefined
}

export const Tiles = ({ tiles }: { readonly tiles: ReadonlyArray<Tile> }) => (
  <dl class="tiles">
    {tiles.map(({ name, value, more, tone }) => (
      <div class="tile" key={name}>
        <dt>{name}</dt>
        <dd class={tone}>{value}</dd>
        {more !== undefined && <dd class="more">{more}</dd>}
      </div>
    ))}
  </dl>
)
