/** From an answer that goes on to a connection, on uWebSockets.js. */
import type { ServerConfigValue } from "../../config/ServerConfig.ts"
import type { StreamHost } from "../hot/StreamConnection.ts"
import { handshakeOf, refusedStream } from "../httpReply.ts"
import type { ListenOptions, StreamAnswer } from "../Transport.ts"
import { UwsStream } from "./UwsStream.ts"
import type { UwsExchange } from "./uwsHttp.ts"

export const streamOpener = ({ intake, decide }: ListenOptions, { limits, client }: ServerConfigValue) => {
  const host: StreamHost = { intake, sendBuffer: client.queueMaxSize }

  /** For one that is admitted. */
  const begin = (exchange: UwsExchange, answer: StreamAnswer, countedAs: string): void => {
    const { response } = exchange
    if (response === undefined) return intake.abandoned(countedAs)
    const stream = new UwsStream(response, host, countedAs)
    stream.begin(answer)
    if (exchange.response === undefined) return intake.abandoned(countedAs)
    exchange.response = undefined
    response.onAborted(() => stream.gone())
    intake.opened(stream, answer.opening)
  }

  return (exchange: UwsExchange, answer: StreamAnswer): void => {
    if (exchange.response === undefined) return
    const countedAs = limits.connectionsPerAddress > 0 ? exchange.address : ""
    const refusal = intake.admit(countedAs)
    if (refusal !== undefined) return exchange.write(refusedStream(refusal, answer))
    if (decide === undefined) return begin(exchange, answer, countedAs)
    void decide(handshakeOf(exchange)).then((decision) => {
      if (!("refusal" in decision)) return begin(exchange, answer, countedAs)
      intake.abandoned(countedAs)
      exchange.write(refusedStream(intake.refuse(decision.refusal), answer))
    })
  }
}
