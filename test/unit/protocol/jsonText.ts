/**
 * JSON texts as nobody would print them: odd whitespace, escapes, numbers beyond any type; and texts that are
 * nearly JSON.
 */
import fc from "fast-check"

export const whitespace = fc.string({ unit: fc.constantFrom(" ", "\t", "\n", "\r"), maxLength: 3 })

const numberText = fc
  .tuple(
    fc.constantFrom("", "-"),
    fc.oneof(
      fc.constantFrom("0", "9007199254740993", "123456789012345678901234567890"),
      fc.nat().map(String)
    ),
    fc.constantFrom("", ".0", ".5", ".00012345678901234567890"),
    fc.constantFrom("", "e0", "E5", "e-7", "e+400", "E+02")
  )
  .map((parts) => parts.join(""))

const characterText = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom("a", "Z", " ", "/", "'", "{", "}", "[", "]", ":", ",", "\u007f") },
  { weight: 2, arbitrary: fc.string({ unit: "binary", minLength: 1, maxLength: 1 }).map(plain) },
  {
    weight: 2,
    arbitrary: fc.constantFrom('\\"', "\\\\", "\\/", "\\b", "\\f", "\\n", "\\r", "\\t", "\\u0041", "\\u00Ff")
  },
  { weight: 1, arbitrary: fc.constantFrom("\\ud83d\\ude00", "\\uD800", "\\udc00", "\\u0000", "\u2028") }
)

/** The character as it may stand in a JSON string. */
function plain(character: string): string {
  return character < " " || character === '"' || character === "\\" ? "_" : character
}

/** A string's source text, with its quotes. */
export const stringText: fc.Arbitrary<string> = fc
  .array(characterText, { maxLength: 16 })
  .map((characters) => `"${characters.join("")}"`)

/** Keys that collide, that JavaScript objects treat specially, and any others. */
export const keyText: fc.Arbitrary<string> = fc.oneof(
  fc.constantFrom('"a"', '"\\u0061"', '"b"', '"1"', '"10"', '"__proto__"', '"constructor"', '""'),
  stringText
)

type Member = [
  before: string,
  member: [key: string, before: string, after: string, value: string],
  after: string
]

const memberText = ([before, [key, a, b, value], after]: Member): readonly [string, string, string] => [
  before,
  `${key}${a}:${b}${value}`,
  after
]

const between = (items: ReadonlyArray<readonly [string, string, string]>): string =>
  items.map(([before, item, after]) => before + item + after).join(",")

/** Any JSON value's source text, without whitespace around it. */
export const valueText: fc.Arbitrary<string> = fc.letrec<{ value: string; array: string; object: string }>(
  (tie) => ({
    value: fc.oneof(
      { depthSize: "small" },
      fc.constantFrom("true", "false", "null"),
      numberText,
      stringText,
      tie("array"),
      tie("object")
    ),
    array: fc
      .tuple(fc.array(fc.tuple(whitespace, tie("value"), whitespace), { maxLength: 4 }), whitespace)
      .map(([items, empty]) => `[${items.length === 0 ? empty : between(items)}]`),
    object: fc
      .tuple(
        fc.array(fc.tuple(whitespace, fc.tuple(keyText, whitespace, whitespace, tie("value")), whitespace), {
          maxLength: 4
        }),
        whitespace
      )
      .map(([members, empty]) =>
        members.length === 0 ? `{${empty}}` : `{${between(members.map(memberText))}}`
      )
  })
).value

/** Whitespace around it. */
export const padded = (text: fc.Arbitrary<string>): fc.Arbitrary<string> =>
  fc.tuple(whitespace, text, whitespace).map((parts) => parts.join(""))

/** One change of a text: characters taken out at a place, and others put there. */
const mutation = fc.record({
  place: fc.double({ min: 0, max: 1, noNaN: true }),
  removed: fc.nat({ max: 2 }),
  inserted: fc.string({
    unit: fc.constantFrom(..."{}[]\":,\\ \n\t\r0123-+tfnulabr/'\u0000\u001f\u00e9"),
    maxLength: 2
  })
})

/** Texts made from others by one change to four. */
export const mutated = (text: fc.Arbitrary<string>): fc.Arbitrary<string> =>
  fc.tuple(text, fc.array(mutation, { minLength: 1, maxLength: 4 })).map(([original, mutations]) =>
    mutations.reduce((changed, { place, removed, inserted }) => {
      const at = Math.floor(place * (changed.length + 1))
      return changed.slice(0, at) + inserted + changed.slice(at + removed)
    }, original)
  )

/** What `JSON.parse` makes of a text; undefined when it refuses. */
export const parsed = (text: string): { readonly value: unknown } | undefined => {
  try {
    return { value: JSON.parse(text) }
  } catch {
    return undefined
  }
}
