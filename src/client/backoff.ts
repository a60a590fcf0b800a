/**
 * How long a client waits before it tries again: exponential backoff with full jitter (AWS Architecture Blog,
 * "Exponential Backoff And Jitter"). Clients that were lost at the same moment come back spread over the whole wait.
 */

/**
 * Milliseconds, uniform from 0 to `minDelayMs` × 2^`failures`, and `maxDelayMs` at most.
 * @param failures attempts that failed one after the other; 0 before the first
 * @param random uniform from 0 to below 1
 */
export const fullJitter = (
  failures: number,
  minDelayMs: number,
  maxDelayMs: number,
  random: () => number
): number => random() * Math.min(maxDelayMs, minDelayMs * 2 ** failures)
