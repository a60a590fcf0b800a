/** Who is let in by a real NATS, and whom a node takes for NATS. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { afterAll, describe, expect, it } from "vitest"
import { type NatsLink, NatsUnreachable } from "../../../src/services/nats/NatsLink.ts"
import { CapturedLogs } from "../../support/CapturedLogs.ts"
import { type NatsServer, noNatsServer, startNats } from "../../support/nats/NatsServer.ts"
import { makeAuthority, type Signed } from "../../support/nats/natsAuthority.ts"
import { linkTo, type NatsSettings } from "../../support/nats/natsLink.ts"
import { NatsOperator } from "../../support/nats/natsOperator.ts"
import { untilUp } from "../../support/nats/untilUp.ts"

const run = <A, E>(test: Effect.Effect<A, E, Scope.Scope>) => Effect.runPromise(Effect.scoped(test))

/** It is let in, and NATS answers it. */
const isIn = (server: Pick<NatsServer, "url">, settings: NatsSettings) =>
  Effect.scoped(Effect.flatMap(linkTo([server], settings), ({ flushed }) => flushed))

/** What is said of why it is not. */
const refusal = Effect.fnUntraced(function* (server: Pick<NatsServer, "url">, settings: NatsSettings) {
  const error = yield* Effect.flip(Effect.scoped(linkTo([server], settings)))
  expect(error).toBeInstanceOf(NatsUnreachable)
  return error.message
})

/** Completes when it has tried so often to come back. */
const attempts = ({ connection }: NatsLink["Service"], count: number) =>
  Effect.promise(async () => {
    let left = count
    for await (const { type } of connection.status()) if (type === "reconnecting" && --left === 0) return
  })

const tlsWith = ({ cert, key }: Signed, more = "") =>
  `tls { cert_file: "${cert}", key_file: "${key}", ${more} }`

describe.skipIf(noNatsServer !== undefined)(`who is let in by NATS ${noNatsServer ?? ""}`, () => {
  const folder = mkdtempSync(join(tmpdir(), "clarion-access-"))
  afterAll(() => rmSync(folder, { recursive: true, force: true }))
  let files = 0
  const fileWith = (text: string): string => {
    const file = join(folder, `file${++files}`)
    writeFileSync(file, text)
    return file
  }

  describe("TLS", () => {
    it("a server is NATS whose certificate is for its address, signed by the authority that is named", () =>
      run(
        Effect.gen(function* () {
          const [authority, other] = [yield* makeAuthority, yield* makeAuthority]
          const { ca } = authority
          const server = yield* startNats({
            configuration: tlsWith(authority.sign("IP:127.0.0.1")),
            scheme: "tls"
          })
          yield* isIn(server, { tls: { ca } })
          // Also where the server alone asks for it.
          yield* isIn({ url: server.url.replace("tls:", "nats:") }, { tls: { ca } })
          const untrusted = yield* refusal(server, { tls: { ca: other.ca } })
          expect(untrusted).toContain(server.url)
          expect(untrusted).toMatch(/not signed by whom .*ca\.pem names \(broker\.nats\.tls\.ca\)/)
          expect(yield* refusal(server, {})).toMatch(/broker\.nats\.tls\.ca is unset/)
          const missing = yield* refusal(server, { tls: { ca: join(folder, "none.pem") } })
          expect(missing).toMatch(/broker\.nats\.tls\.ca is of no use: .*none\.pem/)
        })
      ))

    it.each(["DNS:nats.example", "IP:127.0.0.2", "DNS:localhost"])(
      "a certificate for %s is none for 127.0.0.1",
      (names) =>
        run(
          Effect.gen(function* () {
            const { ca, sign } = yield* makeAuthority
            const server = yield* startNats({ configuration: tlsWith(sign(names)), scheme: "tls" })
            expect(yield* refusal(server, { tls: { ca } })).toMatch(
              /IP: 127\.0\.0\.1 is not in the cert's list.*broker\.nats\.servers/
            )
          })
        )
    )

    it("a certificate for a name is one for that name, and no other", () =>
      run(
        Effect.gen(function* () {
          const { ca, sign } = yield* makeAuthority
          const [right, wrong] = [
            yield* startNats({ configuration: tlsWith(sign("DNS:localhost")) }),
            yield* startNats({ configuration: tlsWith(sign("DNS:nats.example,IP:127.0.0.1")) })
          ]
          const byName = ({ port }: NatsServer) => ({ url: `tls://localhost:${port}` })
          yield* isIn(byName(right), { tls: { ca } })
          expect(yield* refusal(byName(wrong), { tls: { ca } })).toMatch(
            /localhost.*altnames.*broker\.nats\.servers/
          )
        })
      ))

    it("where NATS asks for a certificate, one that it knows is let in", () =>
      run(
        Effect.gen(function* () {
          const [authority, other] = [yield* makeAuthority, yield* makeAuthority]
          const { ca, sign } = authority
          const configuration = tlsWith(sign("IP:127.0.0.1"), `ca_file: "${ca}", verify: true`)
          const server = yield* startNats({ configuration, scheme: "tls" })
          yield* isIn(server, { tls: { ca, ...sign("DNS:node") } })
          const connectTimeout = 500
          expect(yield* refusal(server, { tls: { ca }, connectTimeout })).toMatch(/broker\.nats\.tls\.cert/)
          const stranger = other.sign("DNS:node")
          const refused = yield* refusal(server, { tls: { ca, ...stranger }, connectTimeout })
          expect(refused).toContain(stranger.cert)
        })
      ))

    it("a server that has no TLS is not NATS where it was asked for", () =>
      run(
        Effect.gen(function* () {
          const { ca } = yield* makeAuthority
          const server = yield* startNats({ scheme: "tls" })
          expect(yield* refusal(server, { tls: { ca } })).toMatch(/tls/)
          expect(yield* refusal(server, {})).toMatch(/tls/)
        })
      ))
  })

  const SECRET = "s3cret-of-the-test"

  it.each<[string, string, NatsSettings, NatsSettings, RegExp]>([
    [
      "a user and a password",
      `authorization { user: clarion, password: "${SECRET}" }`,
      { user: "clarion", password: SECRET },
      { user: "clarion", password: `${SECRET}-not` },
      /does not let in the user clarion \(broker\.nats\.user, broker\.nats\.password\)/
    ],
    [
      "a token",
      `authorization { token: "${SECRET}" }`,
      { token: SECRET },
      { token: `${SECRET}-not` },
      /does not let in the token \(broker\.nats\.token\)/
    ]
  ])("%s", (_, configuration, right, wrong, said) =>
    run(
      Effect.gen(function* () {
        const server = yield* startNats({ configuration })
        yield* isIn(server, right)
        const refused = yield* refusal(server, wrong)
        expect(refused).toMatch(said)
        expect(refused).not.toContain(SECRET)
        expect(yield* refusal(server, {})).toMatch(/says nothing of itself/)
      })
    )
  )

  describe("credentials", () => {
    it("of a user of the account are let in; of another account, and those that have ended, are not", () =>
      run(
        Effect.gen(function* () {
          const operator = new NatsOperator()
          const server = yield* startNats({ configuration: operator.configuration })
          yield* isIn(server, { credentials: fileWith(operator.credentials().text) })
          const ended = operator.credentials({ exp: Math.floor(Date.now() / 1000) - 60 })
          for (const { text, seed } of [new NatsOperator().credentials(), ended]) {
            const credentials = fileWith(text)
            const refused = yield* refusal(server, { credentials })
            expect(refused).toContain(
              `does not let in the credentials in ${credentials} (broker.nats.credentials)`
            )
            expect(refused).not.toContain(seed)
          }
        })
      ))

    it.each(["", "hello", "-----BEGIN NATS USER JWT-----\nabc\n------END NATS USER JWT------\n"])(
      "a file with %j is of no use",
      (text) =>
        run(
          Effect.gen(function* () {
            const server = yield* startNats()
            expect(yield* refusal(server, { credentials: fileWith(text) })).toMatch(
              /broker\.nats\.credentials is of no use: unable to parse credentials/
            )
          })
        )
    )

    it("are read again for each connection: who is not let in any more says so once, and comes back with new ones", () => {
      const logs = new CapturedLogs()
      return run(
        Effect.gen(function* () {
          const [before, after] = [new NatsOperator(), new NatsOperator()]
          const server = yield* startNats({ configuration: before.configuration })
          const file = fileWith(before.credentials().text)
          const link = yield* linkTo([server], { credentials: file, reconnectWait: 20, reconnectJitter: 0 })
          yield* Effect.promise(() => server.stop())
          yield* untilUp(link, false)
          yield* Effect.promise(() => server.configure(after.configuration))
          yield* Effect.promise(() => server.start())
          const refused = () => logs.texts("Warn").filter((text) => text.includes("does not let in"))
          while (refused().length === 0) yield* Effect.sleep(20)
          // What cannot be read meanwhile ends nothing.
          writeFileSync(file, "being written")
          yield* attempts(link, 5)
          expect(refused().length).toBe(1)
          expect(refused()[0]).toContain("broker.nats.credentials")
          const { text, seed } = after.credentials()
          writeFileSync(file, text)
          yield* untilUp(link, true)
          yield* link.flushed
          expect(logs.texts().join()).not.toContain(seed)
        }).pipe(Effect.provide(logs.layer))
      )
    })
  })
})
