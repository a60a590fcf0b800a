/** Publishes through `/api/batch`, one request after the other. */
import { apiProblem, apiRequest, HttpConnection } from "./HttpConnection.ts"

export interface ChannelMessage {
  readonly channel: string
  /** Text that needs no escapes in JSON. */
  readonly payload: string
}

/** Publications of one request. */
export const BATCH = 1000

/** The body of a batch. */
export const batchBody = (messages: ReadonlyArray<ChannelMessage>): string => {
  const commands = messages.map(
    ({ channel, payload }) => `{"publish":{"channel":"${channel}","data":"${payload}"}}`
  )
  return `{"commands":[${commands.join(",")}]}`
}

export class ApiPublisher {
  /** Opened by the first request: not every server has this API. */
  private connection: HttpConnection | undefined
  private answered: (problem: string | undefined) => void = () => {}

  constructor(private readonly port: number) {}

  /** Completes when the last of them is accepted. */
  async publish(messages: ReadonlyArray<ChannelMessage>): Promise<void> {
    for (let at = 0; at < messages.length; at += BATCH) await this.batch(messages.slice(at, at + BATCH))
  }

  end(): void {
    this.connection?.end()
  }

  private batch(messages: ReadonlyArray<ChannelMessage>): Promise<void> {
    return new Promise((resolve, reject) => {
      this.answered = (problem) => (problem === undefined ? resolve() : reject(new Error(problem)))
      this.connection ??= this.connect()
      this.connection.write(apiRequest("/api/batch", batchBody(messages)))
    })
  }

  private connect(): HttpConnection {
    return new HttpConnection(
      this.port,
      (status, body) => this.answered(apiProblem(status, body)),
      (why) => {
        this.connection = undefined
        this.answered(why)
      }
    )
  }
}
