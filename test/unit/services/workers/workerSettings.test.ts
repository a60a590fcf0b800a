import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import { describe, expect, it } from "vitest"
import { serverConfig } from "../../../../src/config/ServerConfig.ts"
import { workerSettings } from "../../../../src/services/workers/workerSettings.ts"

const config = Result.getOrThrow(
  serverConfig({
    server: { port: 0, workers: 2, transport: "auto" },
    auth: { apiKey: "the API key" },
    webhooks: { endpoint: "http://127.0.0.1:1/", secret: "the secret of webhooks" },
    tracing: { otlp: { endpoint: "http://127.0.0.1:1/", headers: { "x-key": "the key of traces" } } },
    client: { token: { hmacSecretKey: "the secret of tokens" } },
    channels: { namespaces: [{ name: "news", historySize: 10, historyTtl: "5 minutes" }] },
    proxies: [
      {
        name: "app",
        endpoint: "http://127.0.0.1:1/",
        http: { staticHeaders: { "x-key": "the secret of the backend" } }
      }
    ]
  } as object)
)
const settings = workerSettings(config, "ws")

describe("what a worker is told of the configuration", () => {
  it("is the same configuration, with the transport that was chosen", () => {
    const told = Result.getOrThrow(serverConfig(settings))
    expect(told.server).toEqual({ ...config.server, transport: "ws" })
    expect(told.channels).toEqual(config.channels)
    expect(Redacted.value(told.client.token.hmacSecretKey!)).toBe("the secret of tokens")
    expect(JSON.stringify(settings)).toContain("the secret of the backend")
  })

  it("leaves out what the primary alone has a use for", () => {
    expect(JSON.stringify(settings)).not.toMatch(/the API key|the secret of webhooks|the key of traces/)
    const told = Result.getOrThrow(serverConfig(settings))
    const { auth, webhooks, tracing } = told
    expect([auth.apiKey, webhooks.secret, webhooks.endpoint, tracing.otlp.endpoint]).toEqual([
      undefined,
      undefined,
      undefined,
      undefined
    ])
  })
})
