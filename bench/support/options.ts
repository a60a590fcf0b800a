/** The command line of a bench; what is wrong with a value is thrown as an error that says what was expected. */
import { connectionCapacity, openFileLimit } from "clarion/services/openFiles"

/** Options, or what is wrong with them, or that help is wanted. */
export type Parsed<O extends object> = O | { readonly problem: string } | "help"

/** A bench as a program; its exit code is 2 where the options are wrong. */
export const program =
  <O extends object>(
    help: string,
    parse: (args: ReadonlyArray<string>) => Parsed<O>,
    run: (options: O, args: ReadonlyArray<string>) => Promise<number>
  ) =>
  async (args: ReadonlyArray<string>): Promise<number> => {
    const options = parse(args)
    if (options === "help") {
      console.log(help)
      return 0
    }
    if ("problem" in options) {
      console.error(`${options.problem}\n\n${help}`)
      return 2
    }
    return run(options, args)
  }

export const integer = (option: string, text: string, least: number, most: number): number => {
  const value = Number(text)
  if (text.trim() !== "" && Number.isInteger(value) && value >= least && value <= most) return value
  throw new Error(`${option}: expected a whole number from ${least} to ${most}, found "${text}"`)
}

/** A number of connections of one process: server and driver hold one file for each. */
export const connectionsOf = (option: string, text: string, least: number): number => {
  const capacity = connectionCapacity(openFileLimit())
  const value = integer(option, text, least, 1_000_000)
  if (value <= capacity) return value
  throw new Error(
    `${option}: ${value} connections do not fit: a process may open ${openFileLimit()} files here (ulimit -n), which is room for ${capacity}`
  )
}

/** @param what is chosen: "server" */
export const oneOf = <A extends string>(
  option: string,
  what: string,
  known: ReadonlyArray<A>,
  text: string
): A => {
  const found = known.find((name) => name === text)
  if (found !== undefined) return found
  throw new Error(`${option}: there is no ${what} "${text}"; there are ${known.join(", ")}`)
}
