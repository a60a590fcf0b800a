import * as Duration from "effect/Duration"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import { describe, expect, it } from "vitest"
import { endpointUrl, headerNames, headers, isHeaderValue } from "../../../src/config/httpKinds.ts"
import type { Settings } from "../../../src/config/Keys.ts"
import { printable } from "../../../src/config/resolve.ts"
import { type ServerConfigValue, serverConfig, serverKeys } from "../../../src/config/ServerConfig.ts"
import { configWith } from "../../support/configurations.ts"

const problemsOf = (settings: Settings<ServerConfigValue>) => {
  const config = serverConfig(settings)
  return Result.isFailure(config)
    ? config.failure.problems.map(({ where, message }) => `${where}: ${message}`)
    : []
}
const takes = (
  kind: { readonly decode: (json: unknown) => Result.Result<unknown, unknown> },
  json: unknown
) => Result.isSuccess(kind.decode(json))

describe("a URL that is asked", () => {
  it.each(["http://localhost:3000/a", "https://a.example/b?c=d", "http://[::1]/", "HTTP://a"])(
    "can be %s",
    (url) => {
      expect(takes(endpointUrl, url)).toBe(true)
    }
  )

  it.each([
    "",
    "localhost:3000",
    "/a",
    "ftp://a/",
    "grpc://a:1",
    "http://",
    "http://u:p@a/",
    "http://a/#b",
    "http://a:0/",
    5
  ])("cannot be %s", (url) => {
    expect(takes(endpointUrl, url)).toBe(false)
  })
})

describe("headers that are passed on", () => {
  it("are names, in a list or one text", () => {
    expect(takes(headerNames, ["Cookie", "X-Request-Id"])).toBe(true)
    expect(takes(headerNames, "Cookie, Authorization")).toBe(true)
  })

  it.each([
    "Content-Length",
    "content-type",
    "HOST",
    "Transfer-Encoding",
    "Connection",
    "Upgrade",
    "a b",
    "a:b",
    "ä"
  ])("cannot be %s", (name) => {
    expect(takes(headerNames, ["Cookie", name])).toBe(false)
    expect(takes(headers, { [name]: "x" })).toBe(false)
  })

  it("have values of visible characters, spaces and tabs", () => {
    for (const value of ["", "a b\tc", "caf\u00e9", "~"]) expect(isHeaderValue(value)).toBe(true)
    for (const value of ["a\nb", "a\rb", "\0", "\x7f", "€", "a\r\nX: y"])
      expect(isHeaderValue(value)).toBe(false)
  })
})

describe("headers of every request", () => {
  const keyed = { rpc: { proxy: { http: { staticHeaders: { Authorization: "Bearer hunter2" } } } } }

  it("are an object of texts, in a file or as JSON text", () => {
    const { http } = configWith(keyed).rpc.proxy
    expect(Redacted.value(http.staticHeaders!.Authorization!)).toBe("Bearer hunter2")
    const [inFile, asText] = [{ "X-A": "b" }, '{"X-A":"b"}'].map((given) =>
      Result.getOrThrow(headers.decode(typeof given === "string" ? headers.fromText(given) : given))
    )
    expect(Redacted.value(asText!["X-A"]!)).toBe(Redacted.value(inFile!["X-A"]!))
  })

  it("are never shown, wherever they stand", () => {
    const config = configWith({ ...keyed, proxies: [{ name: "inventory", http: keyed.rpc.proxy.http }] })
    expect(JSON.stringify(printable(serverKeys, config))).not.toContain("hunter2")
    expect(JSON.stringify(config)).not.toContain("hunter2")
    const wrong = { rpc: { proxy: { http: { staticHeaders: { Host: "hunter2" } } } } }
    expect(problemsOf(wrong).join()).toContain("expected an object of HTTP headers")
    expect(problemsOf(wrong).join()).not.toContain("hunter2")
  })

  it.each([[["a"]], ["text"], [{ "X-A": 5 }], [{ "X-A": "a\nb" }]])("cannot be %j", (json) => {
    expect(takes(headers, json)).toBe(false)
  })
})

describe("proxies", () => {
  it("have the names and built-in values of Centrifugo", () => {
    const { client, channels, rpc, proxies } = configWith()
    for (const proxy of [
      client.proxy.connect,
      client.proxy.refresh,
      ...Object.values(channels.proxy),
      rpc.proxy
    ]) {
      expect(proxy).toMatchObject({ includeConnectionMeta: false, binaryEncoding: false })
      expect([proxy.endpoint, proxy.httpHeaders, proxy.emulatedHeaders]).toEqual([undefined, [], []])
      expect(Duration.toMillis(proxy.timeout)).toBe(1000)
    }
    expect([client.proxy.connect.enabled, client.proxy.refresh.enabled, proxies]).toEqual([false, false, []])
    expect(rpc).toMatchObject({
      namespaceBoundary: ":",
      withoutNamespace: { proxyEnabled: false, proxyName: "default" }
    })
  })

  it("by name have the same keys, checked in the same way", () => {
    const [proxy] = configWith({ proxies: [{ name: "inventory", endpoint: "http://a/", timeout: "2 s" }] })
      .proxies!
    expect(proxy).toMatchObject({ name: "inventory", endpoint: "http://a/", binaryEncoding: false })
    expect(Duration.toMillis(proxy!.timeout)).toBe(2000)
    expect(problemsOf({ proxies: [{ name: "inventory", endpoint: "grpc://a/" }] })).toEqual([
      'proxies[0].endpoint: expected a URL that starts with http:// or https://, without user and fragment, found "grpc://a/"'
    ])
    expect(problemsOf({ proxies: [{ endpoint: "http://a/" }, { name: "x" }] })).toHaveLength(2)
    expect(problemsOf({ proxies: [{ name: "two" }, { name: "two" }] })).toEqual([
      'proxies[1].name: "two" is the name of [0], too'
    ])
    expect(problemsOf({ proxies: [{ name: "default" }] })).toEqual([
      'proxies[0].name: "default" is what stands under rpc.proxy and channels.proxy'
    ])
  })
})

describe("what is enabled", () => {
  it("has an endpoint, or the configuration says what is missing", () => {
    expect(
      problemsOf({ client: { proxy: { connect: { enabled: true }, refresh: { enabled: true } } } })
    ).toEqual([
      "client.proxy.connect.enabled: needs client.proxy.connect.endpoint, which is not set",
      "client.proxy.refresh.enabled: needs client.proxy.refresh.endpoint, which is not set"
    ])
    expect(problemsOf({ channels: { withoutNamespace: { publishProxyEnabled: true } } })).toEqual([
      "channels.withoutNamespace.publishProxyEnabled: needs channels.proxy.publish.endpoint, which is not set"
    ])
    expect(
      problemsOf({ channels: { namespaces: [{ name: "a0" }, { name: "a1", subRefreshProxyEnabled: true }] } })
    ).toEqual([
      "channels.namespaces[1].subRefreshProxyEnabled: needs channels.proxy.subRefresh.endpoint, which is not set"
    ])
    expect(problemsOf({ rpc: { withoutNamespace: { proxyEnabled: true } } })).toEqual([
      "rpc.withoutNamespace.proxyEnabled: needs rpc.proxy.endpoint, which is not set"
    ])
  })

  it("refers to proxies that there are, and that have an endpoint", () => {
    const subscribing = (subscribeProxyName: string) => ({
      channels: { namespaces: [{ name: "chat", subscribeProxyEnabled: true, subscribeProxyName }] },
      rpc: { namespaces: [{ name: "calls", proxyEnabled: true, proxyName: subscribeProxyName }] },
      proxies: [{ name: "good", endpoint: "http://a/" }, { name: "empty" }]
    })
    expect(problemsOf(subscribing("good"))).toEqual([])
    expect(problemsOf(subscribing("empty"))).toEqual([
      'channels.namespaces[0].subscribeProxyEnabled: refers to the proxy "empty", which has no endpoint',
      'rpc.namespaces[0].proxyEnabled: refers to the proxy "empty", which has no endpoint'
    ])
    expect(problemsOf(subscribing("nowhere"))).toEqual([
      'channels.namespaces[0].subscribeProxyEnabled: refers to the proxy "nowhere", which is not in proxies',
      'rpc.namespaces[0].proxyEnabled: refers to the proxy "nowhere", which is not in proxies'
    ])
  })

  it("may be anything where it is not enabled", () => {
    expect(problemsOf({ channels: { withoutNamespace: { subscribeProxyName: "nowhere" } } })).toEqual([])
  })
})

describe("webhooks", () => {
  it("need a secret", () => {
    expect(problemsOf({ webhooks: { endpoint: "http://a/" } })).toEqual([
      "webhooks.endpoint: needs webhooks.secret, which receivers verify"
    ])
    expect(problemsOf({ webhooks: { endpoint: "http://a/", secret: "any text" } })).toEqual([])
  })

  it.each(["whsec_", "whsec_a", "whsec_????", "whsec_aGVsbG8"])(
    "have no secret %s, which is no Base64",
    (secret) => {
      expect(problemsOf({ webhooks: { secret } })).toEqual([
        "webhooks.secret: has something else than Base64 behind whsec_"
      ])
    }
  )

  it("take a key in Base64", () => {
    expect(problemsOf({ webhooks: { secret: "whsec_aGVsbG8=" } })).toEqual([])
  })

  it("know their events", () => {
    expect(configWith({ webhooks: { events: ["disconnected"] } }).webhooks.events).toEqual(["disconnected"])
    expect(problemsOf({ webhooks: { events: ["disconected"] as never } })).toEqual([
      'webhooks.events: expected a list of any of "disconnected", "unsubscribed", "channel_occupied", ' +
        '"channel_vacated", found ["disconected"]'
    ])
  })

  it("wait no longer before the first retry than before later ones", () => {
    expect(problemsOf({ webhooks: { retry: { minDelay: "2 min" } } })).toEqual([
      "webhooks.retry.minDelay: is longer than webhooks.retry.maxDelay"
    ])
  })
})
