/**
 * Which local port each connection leaves from. The system's own choice is made by a search that costs 1.4 ms per
 * connection once 7,000 ports of an address are in use, and ends at 28,000 (32768–60999); a port that is named costs
 * 45 µs however many are in use, and 55,536 can be named.
 */

/** Below are the ports of servers. */
export const FIRST_PORT = 10_000
export const LAST_PORT = 65_535
/**
 * How many ports one connection tries before it fails with "portsExhausted". With 97 of 100 ports in use, one
 * connection in 2,000 still fails to find a free one.
 */
export const MAX_PORT_TRIES = 256

const COUNT = LAST_PORT - FIRST_PORT + 1
// About the golden ratio of COUNT and without a common factor: every port comes once in COUNT steps, and neighbours
// in time are far apart, so that ports which another process holds in a row are not met in a row.
const STRIDE = 34_319

export interface PortSource {
  /** The local port to try next. @param wasTaken whether the one before was in use */
  next(wasTaken?: boolean): number
}

/**
 * An endless walk over all ports, from a start that should differ between processes. Where a port is taken, the walk goes on from anywhere
 * else: it may have come upon the way of another process that shares the address, whose ports it would meet one after the other.
 */
export class LocalPorts implements PortSource {
  private step: number

  constructor(start: number) {
    this.step = Math.abs(Math.trunc(start)) % COUNT
  }

  next(wasTaken = false): number {
    this.step = wasTaken ? Math.floor(Math.random() * COUNT) : (this.step + STRIDE) % COUNT
    return FIRST_PORT + this.step
  }
}
