/** Subscriptions at one server of NATS are known to the others a moment after they were made, and servers know of each other a moment after they began. */
import { type NatsConnection, RequestError } from "@nats-io/transport-node"

/** Whoever asks there is answered: what this connection subscribed to before is known to who is. */
export const answerAt = (connection: NatsConnection, subject: string): void =>
  void connection.subscribe(subject, { callback: (_, message) => void message.respond() })

/** Whoever is known answers: this only ends a test whose server does not. */
const ANSWER_MS = 20_000

const noResponder = (error: unknown): boolean => {
  if (error instanceof RequestError && error.isNoResponders()) return false
  throw error
}

/** Settles when the server of this connection knows of that subscription, and of all before it. */
export const reach = async (connection: NatsConnection, subject: string): Promise<void> => {
  while (
    !(await connection.request(subject, undefined, { timeout: ANSWER_MS }).then(() => true, noResponder))
  );
}
