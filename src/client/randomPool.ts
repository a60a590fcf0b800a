/**
 * Cryptographic random bytes for keys and masks, fetched POOL_BYTES at a time: RFC 6455 wants both unpredictable
 * and fresh, and a call into the crypto library per message would cost more than the message.
 */
import { randomFillSync } from "node:crypto"

const POOL_BYTES = 8_192

export class RandomPool {
  readonly bytes: Uint8Array = new Uint8Array(POOL_BYTES)
  private next = POOL_BYTES

  /** The offset in `bytes` of `count` bytes never given out before; valid until the next call. */
  take(count: number): number {
    if (this.next + count > POOL_BYTES) {
      randomFillSync(this.bytes)
      this.next = 0
    }
    this.next += count
    return this.next - count
  }
}
