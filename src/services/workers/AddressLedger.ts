/**
 * In the primary: live connections of each client address over all workers, for `limits.connectionsPerAddress`.
 *
 * A worker says of each connection that it came and that it went, whether it was let in or not, so both sides always balance; what a
 * dead worker still had is taken off.
 */
export class AddressLedger {
  readonly #totals = new Map<string, number>()

  constructor(readonly limit: number) {}

  /** The part of one worker, for one of its lives. */
  account(): AddressAccount {
    return new AddressAccount(this)
  }

  /** The new total. */
  add(address: string, count: number): number {
    const total = (this.#totals.get(address) ?? 0) + count
    if (total > 0) this.#totals.set(address, total)
    else this.#totals.delete(address)
    return total
  }
}

class AddressAccount {
  readonly #counts = new Map<string, number>()
  /** What a dead worker had sent may be read after its end. */
  #isClosed = false

  constructor(readonly ledger: AddressLedger) {}

  /** Whether the address has room for it. */
  came(address: string): boolean {
    if (this.#isClosed) return false
    this.#counts.set(address, (this.#counts.get(address) ?? 0) + 1)
    return this.ledger.add(address, 1) <= this.ledger.limit
  }

  went(address: string): void {
    if (this.#isClosed) return
    const left = (this.#counts.get(address) ?? 0) - 1
    if (left > 0) this.#counts.set(address, left)
    else this.#counts.delete(address)
    this.ledger.add(address, -1)
  }

  /** The worker is gone, and all of its connections with it. */
  close(): void {
    this.#isClosed = true
    for (const [address, count] of this.#counts) this.ledger.add(address, -count)
    this.#counts.clear()
  }
}
