/**
 * Gathers what is to be sent to another process and sends it once for each turn of the event loop: each message
 * is a system call and a turn of the loop in both processes, however much it carries.
 */
export class Outbox<A> {
  #waiting: Array<A> = []

  constructor(readonly send: (all: ReadonlyArray<A>) => void) {}

  add(item: A): void {
    this.#waiting.push(item)
    if (this.#waiting.length === 1) setImmediate(this.#flush)
  }

  readonly #flush = (): void => {
    const all = this.#waiting
    this.#waiting = []
    this.send(all)
  }
}
