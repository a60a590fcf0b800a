/** The sessions of a process: by connection id, by secret session id, by user. */
import type { Session } from "./Session.ts"

export class Registry {
  /** By connection id. */
  readonly clients = new Map<string, Session>()
  /** By secret session id; those of one-way transports only. */
  readonly #emulated = new Map<string, Session>()
  /** One session without a set around it: most users have one. */
  readonly #users = new Map<string, Session | Set<Session>>()

  /** Subscriptions of all of them. */
  subscriptions = 0

  get users(): number {
    return this.#users.size
  }

  add(session: Session): void {
    this.clients.set(session.client, session)
    const { user } = session
    const others = this.#users.get(user)
    if (others === undefined) this.#users.set(user, session)
    else if (others instanceof Set) others.add(session)
    else this.#users.set(user, new Set([others, session]))
  }

  remove(session: Session): void {
    if (!this.clients.delete(session.client)) return
    const { user } = session
    const all = this.#users.get(user)
    if (!(all instanceof Set)) this.#users.delete(user)
    else {
      all.delete(session)
      if (all.size === 0) this.#users.delete(user)
    }
  }

  /** In the order in which they came. */
  of(user: string): ReadonlyArray<Session> {
    const found = this.#users.get(user)
    return found === undefined ? [] : found instanceof Set ? [...found] : [found]
  }

  emulate(id: string, session: Session): void {
    this.#emulated.set(id, session)
  }

  emulated(id: string): Session | undefined {
    return this.#emulated.get(id)
  }

  forget(id: string): void {
    this.#emulated.delete(id)
  }
}
