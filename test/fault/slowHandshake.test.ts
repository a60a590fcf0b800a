/** Sockets that do not become requests: they are cut in time, for each of them holds an open file. */
import { expect, it } from "vitest"
import { makeCertificate } from "../support/server/certificate.ts"
import { HANDSHAKE, openRaw, requestOf } from "../support/server/RawClient.ts"
import { serve } from "../support/server/serve.ts"
import { temporaryFolder } from "../support/server/temporaryFolder.ts"

/** Ten seconds that both transports give, four that the timers of uWebSockets.js are coarse, and a busy machine. */
const LIMIT_MS = 17_000

const beginnings = [
  "",
  "\r\n",
  "GET",
  requestOf(HANDSHAKE).slice(0, -2),
  "GET / HTTP/1.1\r\nno colon here\r\n\r\n"
]

/** Where a socket connects to, and whether it speaks TLS: the last never does, though the server waits for it. */
const placesOn = async (transport: "uws" | "ws") => {
  const { certFile, keyFile } = makeCertificate(temporaryFolder())
  const tls = { "server.tls.cert": certFile, "server.tls.key": keyFile }
  const { port } = await serve({ "server.transport": transport })
  const { port: tlsPort } = await serve({ "server.transport": transport, ...tls })
  return [
    { name: `${transport}`, port, isSecure: false },
    { name: `${transport} with TLS`, port: tlsPort, isSecure: true },
    { name: `${transport} waiting for TLS`, port: tlsPort, isSecure: false }
  ]
}

it("a handshake that does not come to its end is cut after ten seconds, with TLS, without, and before it", {
  timeout: 25_000
}, async () => {
  const places = [...(await placesOn("uws")), ...(await placesOn("ws"))]
  const kinds = places.flatMap((place) => beginnings.map((beginning) => ({ place, beginning })))
  const open = new Set(kinds.map(({ place, beginning }) => `${place.name}: ${JSON.stringify(beginning)}`))
  const all = kinds.map(async ({ place, beginning }) => {
    const raw = await openRaw(place)
    if (beginning !== "") raw.send(beginning)
    await raw.ended
    open.delete(`${place.name}: ${JSON.stringify(beginning)}`)
  })
  let timer: NodeJS.Timeout | undefined
  const limit = new Promise((resolve) => {
    timer = setTimeout(resolve, LIMIT_MS)
  })
  await Promise.race([Promise.all(all), limit])
  clearTimeout(timer)
  expect([...open]).toEqual([])
})
