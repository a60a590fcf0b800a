/** Waits for what nobody tells of: it is looked at again and again, until it is so or nobody waits any more. */
import { look } from "../processes/running.ts"

/** What is found, once it is. Rejects when the signal is aborted; what fails has found nothing. */
export const until = async <A>(find: () => Promise<A | undefined>, signal: AbortSignal): Promise<A> => {
  while (true) {
    const found = await find().catch(() => undefined)
    if (found !== undefined) return found
    signal.throwIfAborted()
    await look()
  }
}
