/** Notices that somebody has set the machine's clock, or that the machine was suspended: wall time and monotonic time part. */

export class ClockWatch {
  #wall: number
  #monotonic: number

  /** Both in ms. */
  constructor(wall: number, monotonic: number) {
    this.#wall = wall
    this.#monotonic = monotonic
  }

  /** How far the wall clock has jumped since the last look, in ms: positive, forward. */
  look(wall: number, monotonic: number): number {
    const jump = wall - this.#wall - (monotonic - this.#monotonic)
    this.#wall = wall
    this.#monotonic = monotonic
    return jump
  }
}
