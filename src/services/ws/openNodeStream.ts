/** From an answer that goes on to a connection, on Node's HTTP server. */
import type { ServerResponse } from "node:http"
import type { ServerConfigValue } from "../../config/ServerConfig.ts"
import type { StreamHost } from "../hot/StreamConnection.ts"
import { handshakeOf, refusedStream } from "../httpReply.ts"
import type { OpenStream } from "../nodeHttp.ts"
import type { ListenOptions, StreamAnswer } from "../Transport.ts"
import { NodeStream } from "./NodeStream.ts"

export const streamOpener = (
  { intake, decide }: ListenOptions,
  { limits, client }: ServerConfigValue
): OpenStream => {
  const host: StreamHost = { intake, sendBuffer: client.queueMaxSize }

  /** For one that is admitted. */
  const begin = (response: ServerResponse, answer: StreamAnswer, countedAs: string): void => {
    if (response.destroyed) return intake.abandoned(countedAs)
    const stream = new NodeStream(response, host, countedAs)
    stream.begin(answer)
    response.on("close", () => stream.gone())
    intake.opened(stream, answer.opening)
  }

  return async (request, response, answer) => {
    const countedAs = limits.connectionsPerAddress > 0 ? request.address : ""
    const refusal = intake.admit(countedAs)
    if (refusal !== undefined) return refusedStream(refusal, answer)
    const decision = decide === undefined ? undefined : await decide(handshakeOf(request))
    if (decision !== undefined && "refusal" in decision) {
      intake.abandoned(countedAs)
      return refusedStream(intake.refuse(decision.refusal), answer)
    }
    begin(response, answer, countedAs)
    return undefined
  }
}
