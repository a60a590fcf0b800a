/**
 * A program's configuration keys: one table, from which everything else follows: the type of the
 * configuration, its validation, `--help`, the names of environment variables and the table in the README.
 */
import type { Duration } from "effect/Duration"
import type { Redacted } from "effect/Redacted"
import type { Kind } from "./Kind.ts"

/** One key: what it accepts, its built-in value, and a sentence for `--help`. */
export interface Key<A, D> {
  readonly kind: Kind<A>
  readonly fallback: D
  readonly about: string
}

export const key = <A, const D extends NoInfer<A> | undefined>(
  kind: Kind<A>,
  fallback: D,
  about: string
): Key<A, D> => ({ kind, fallback, about })

// biome-ignore lint/suspicious/noExplicitAny: a table holds keys of every type
export type Keys = { readonly [path: string]: Key<any, any> }

type ValueOf<K> = K extends Key<infer A, infer D> ? (D extends undefined ? A | undefined : A) : never

type Nested<Path extends string, V> = Path extends `${infer Head}.${infer Rest}`
  ? { readonly [P in Head]: Nested<Rest, V> }
  : { readonly [P in Path]: V }

type Intersection<U> = (U extends unknown ? (u: U) => void : never) extends (i: infer I) => void ? I : never

/** `{ "server.port": Key<number> }` → `{ server: { port: number } }`. */
export type ConfigOf<T extends Keys> = Intersection<
  { [P in keyof T & string]: Nested<P, ValueOf<T[P]>> }[keyof T & string]
>

/** `server.shutdownTimeout` → `CLARION_SERVER_SHUTDOWN_TIMEOUT`. */
export const environmentName = (path: string): string =>
  `CLARION_${path
    .replace(/([a-z0-9])([A-Z])/g, "$1_$2")
    .replaceAll(".", "_")
    .toUpperCase()}`

/** Some of a configuration's keys, as a file would give them: durations as text or milliseconds, secrets as text. */
export type Settings<C> = {
  readonly [P in keyof C]?: C[P] extends Duration | undefined
    ? string | number
    : C[P] extends Redacted<string> | undefined
      ? string
      : C[P] extends string | number | boolean | ReadonlyArray<string> | undefined
        ? C[P]
        : Settings<C[P]>
}
