/** A server and a driver process, each alone on its core, for as long as one of them is measured. */
import { DriverProcess } from "../driver/DriverProcess.ts"
import { end, Failed, startServer } from "./children.ts"
import type { Cores } from "./pinning.ts"
import type { Bench } from "./usage.ts"

/** The core of each; undefined where nothing can be pinned. */
export const pinsOf = (
  cores: Cores
): { readonly server: number | undefined; readonly driver: number | undefined } =>
  "unpinned" in cores ? { server: undefined, driver: undefined } : cores

/**
 * Starts both, and ends both whatever happens.
 *
 * @param says finds the server's port, its first group, in what it prints
 */
export const withBench = async <A>(
  command: ReadonlyArray<string>,
  says: RegExp,
  cores: Cores,
  use: (bench: Bench) => Promise<A>
): Promise<A> => {
  const pins = pinsOf(cores)
  const server = await startServer(command, pins.server, says)
  const driver = new DriverProcess(pins.driver)
  try {
    return await use({ server, driver, core: pins.server })
  } catch (error) {
    const { exitCode, signalCode } = server.child
    if (exitCode === null && signalCode === null) throw error
    throw new Failed(`the server ended with ${signalCode ?? exitCode} while it was measured`)
  } finally {
    await Promise.all([driver.end(), end(server.child)])
  }
}
