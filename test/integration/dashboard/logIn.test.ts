/** Logging in to the dashboard, and what a page may do then, over real sockets. */
import { describe, expect, it } from "vitest"
import { adminPaths, type LogIn } from "../../../src/protocol/dashboard.ts"
import { refusal, Visitor } from "../../support/admin/Visitor.ts"
import { ask } from "../../support/server/ask.ts"
import { API_KEY, type Settings, serve } from "../../support/server/serve.ts"
import { passwordHashes } from "../../support/settingValues.ts"

const PASSWORD = "correct horse battery staple"
const SCHEDULES = "/api/schedules"

describe.each(["uws", "ws"] as const)("the dashboard's log-in on %s", (transport) => {
  const start = async (settings: Settings = {}) => {
    const served = await serve({
      "server.transport": transport,
      "admin.passwordHash": passwordHashes[0],
      ...settings
    })
    return { served, visitor: new Visitor(served.port) }
  }

  it.each<LogIn>([{ password: PASSWORD }, { apiKey: API_KEY }])("takes %j", async (given) => {
    const { visitor } = await start()
    const before = Date.now()
    const { headers, body } = await visitor.logIn(given)
    const [cookie] = headers["set-cookie"]!
    expect(cookie).toMatch(/^clarion_session=[\w-]{43}; Path=\/; HttpOnly; SameSite=Strict; Max-Age=43200$/)
    const session = JSON.parse(body)
    expect(session).toEqual({
      csrf: expect.stringMatching(/^[\w-]{43}$/),
      expiresAt: expect.any(Number),
      hasPassword: true,
      version: expect.any(String),
      life: expect.stringMatching(/^[\da-f-]{36}$/)
    })
    expect(session.expiresAt).toBeGreaterThanOrEqual(before + 12 * 3_600_000)
    expect(headers["cache-control"]).toBe("no-store")
    expect(JSON.parse((await visitor.get(adminPaths.session)).body)).toEqual(session)
  })

  it("marks the cookie as one for TLS where a gateway has TLS", async () => {
    const { visitor } = await start()
    const { headers } = await visitor.post(
      adminPaths.logIn,
      { password: PASSWORD },
      { "x-forwarded-proto": "https" }
    )
    expect(headers["set-cookie"]![0]).toMatch(/; Secure$/)
  })

  it("refuses what is wrong, and logs neither password nor key", async () => {
    const { served, visitor } = await start()
    for (const wrong of [{ password: "hunter2" }, { apiKey: "hunter2" }])
      expect(refusal(await visitor.post(adminPaths.logIn, wrong))).toEqual([401, "wrong"])
    expect(visitor.cookie).toBeUndefined()
    await visitor.logIn({ password: PASSWORD })
    const logged = JSON.stringify(served.logs.all)
    expect(logged).toContain("tried to log in to the dashboard with a wrong password")
    for (const secret of ["hunter2", PASSWORD, API_KEY, visitor.cookie!, visitor.csrf!])
      expect(logged).not.toContain(secret)
  })

  it("without a password in the configuration says so, and takes the key", async () => {
    const served = await serve({ "server.transport": transport })
    const visitor = new Visitor(served.port)
    const answer = await visitor.post(adminPaths.logIn, { password: PASSWORD })
    expect(refusal(answer)).toEqual([401, "wrong"])
    expect(JSON.parse(answer.body)).toMatchObject({
      hasPassword: false,
      message: expect.stringContaining("API key")
    })
    await visitor.logIn({ apiKey: API_KEY })
  })

  it("lets nobody guess: after five wrong ones the right one waits, too", async () => {
    const { visitor } = await start()
    const guesses = Array.from({ length: 12 }, (_, i) =>
      visitor.post(adminPaths.logIn, { password: `guess ${i}` })
    )
    const answers = await Promise.all(guesses)
    expect(answers.map(({ status }) => status).sort()).toEqual([
      ...Array.from({ length: 5 }, () => 401),
      ...Array.from({ length: 7 }, () => 429)
    ])
    const late = await visitor.post(adminPaths.logIn, { password: PASSWORD })
    expect(refusal(late)).toEqual([429, "tooMany"])
    expect(Number(late.headers["retry-after"])).toBeGreaterThan(0)
    expect(Number(late.headers["retry-after"])).toBeLessThanOrEqual(60)
    // Nobody can guess the key: who has it is not kept out by those who try.
    await visitor.logIn({ apiKey: API_KEY })
    expect((await ask(visitor.port, SCHEDULES, { headers: { "x-api-key": API_KEY } })).status).toBe(200)
  })

  it("keeps nobody out who is right", async () => {
    const { visitor } = await start()
    for (const _ of Array.from({ length: 8 })) await visitor.logIn({ password: PASSWORD })
  })

  it.each<[string, unknown, Record<string, string>, number]>([
    ["no JSON", "{", {}, 400],
    ["nothing", "", {}, 400],
    ["a list", [], {}, 400],
    ["neither", {}, {}, 400],
    ["both", { password: PASSWORD, apiKey: API_KEY }, {}, 400],
    ["an empty password", { password: "" }, {}, 400],
    ["a number", { password: 7 }, {}, 400],
    ["a password without end", { password: "x".repeat(1025) }, {}, 400],
    ["a form", "password=x", { "content-type": "application/x-www-form-urlencoded" }, 415],
    ["JSON that calls itself text", { password: PASSWORD }, { "content-type": "text/plain" }, 415],
    ["too much", { password: "x", more: "x".repeat(9000) }, {}, 413]
  ])("says what is wrong with %s", async (_, body, headers, status) => {
    const { visitor } = await start()
    const answer = await visitor.post(adminPaths.logIn, body, headers)
    expect(refusal(answer)).toEqual([status, "malformed"])
    expect(JSON.parse(answer.body).message.length).toBeGreaterThan(10)
  })

  it("on another method, or cross-site, is refused", async () => {
    const { visitor } = await start()
    const get = await visitor.get(adminPaths.logIn)
    expect([refusal(get), get.headers.allow]).toEqual([[405, "malformed"], "POST"])
    for (const headers of [
      { origin: "https://evil.example" },
      { origin: "null" },
      { origin: `http://127.0.0.1:${visitor.port + 1}` },
      { "sec-fetch-site": "cross-site" },
      { "sec-fetch-site": "same-site" }
    ] as ReadonlyArray<Record<string, string>>)
      expect(refusal(await visitor.post(adminPaths.logIn, { password: PASSWORD }, headers))).toEqual([
        403,
        "crossSite"
      ])
  })

  it("ends the session that one had before", async () => {
    const { visitor } = await start()
    await visitor.logIn({ password: PASSWORD })
    const { cookie, csrf } = visitor
    await visitor.logIn({ password: PASSWORD })
    expect((await visitor.get(SCHEDULES)).status).toBe(200)
    Object.assign(visitor, { cookie, csrf })
    expect(refusal(await visitor.get(SCHEDULES))).toEqual([401, "expired"])
  })

  it("cannot be ended by pages of others, whose requests bring no cookie", async () => {
    const { visitor } = await start()
    const out = await visitor.post(adminPaths.logOut, "", { origin: "https://evil.example" })
    expect([refusal(out), out.headers["set-cookie"]]).toEqual([[403, "crossSite"], undefined])
  })

  it("is over after logging out, and not before", async () => {
    const { visitor } = await start()
    await visitor.logIn({ password: PASSWORD })
    const { cookie, csrf } = visitor
    expect((await visitor.get(SCHEDULES)).status).toBe(200)
    const out = await visitor.post(adminPaths.logOut, "")
    expect([out.status, out.headers["set-cookie"]?.[0]]).toEqual([
      204,
      "clarion_session=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0"
    ])
    // Who kept the cookie has kept nothing.
    Object.assign(visitor, { cookie, csrf })
    expect(refusal(await visitor.get(adminPaths.session))).toEqual([401, "expired"])
    expect(refusal(await visitor.get(SCHEDULES))).toEqual([401, "expired"])
    expect(refusal(await visitor.post(adminPaths.token, {}))).toEqual([401, "expired"])
    expect((await visitor.post(adminPaths.logOut, "")).status).toBe(204)
  })

  it("opens /api and /metrics to pages that show that they are ours", async () => {
    const { visitor } = await start()
    const publish = { channel: "news", data: { n: 1 } }
    expect((await visitor.get("/metrics")).status).toBe(401)
    const nobody = await visitor.get(adminPaths.session)
    expect([nobody.status, JSON.parse(nobody.body)]).toEqual([200, { hasPassword: true }])
    await visitor.logIn({ password: PASSWORD })
    for (const path of ["/metrics", "/api/actors", SCHEDULES])
      expect([path, (await visitor.get(path)).status]).toEqual([path, 200])
    expect((await visitor.post("/api/publish", publish)).body).toContain('"result"')
    const { csrf } = visitor
    for (const [headers, path] of [
      [{ "x-csrf-token": "" }, "/api/publish"],
      [{ "x-csrf-token": `${csrf}x` }, "/api/publish"],
      [{ origin: "https://evil.example" }, "/api/publish"],
      [{ "sec-fetch-site": "same-site" }, SCHEDULES],
      [{ "x-csrf-token": "wrong" }, adminPaths.logOut],
      [{ "x-csrf-token": "wrong" }, adminPaths.token]
    ] as ReadonlyArray<[Record<string, string>, string]>)
      expect([headers, refusal(await visitor.post(path, publish, headers))]).toEqual([
        headers,
        [403, "crossSite"]
      ])
    visitor.csrf = undefined
    expect(refusal(await visitor.post("/api/publish", publish))).toEqual([403, "crossSite"])
  })

  it("what a browser gets from them it must not take for anything else", async () => {
    const { visitor } = await start()
    await visitor.logIn({ password: PASSWORD })
    const told = async (asked: ReturnType<typeof visitor.get>) =>
      (await asked).headers["x-content-type-options"]
    for (const path of ["/metrics", "/api/actors", SCHEDULES, `${SCHEDULES}/none`, "/api/nothing", "/health"])
      expect([path, await told(visitor.get(path))]).toEqual([path, "nosniff"])
    for (const body of [{ channel: "news", data: "<b>" }, {}, "{"])
      expect([body, await told(visitor.post("/api/publish", body))]).toEqual([body, "nosniff"])
    expect(await told(visitor.get(adminPaths.session))).toBe("nosniff")
  })

  it("leaves the key what it was: it needs no page, and its absence says nothing", async () => {
    const { visitor } = await start()
    await visitor.logIn({ password: PASSWORD })
    const bare = await ask(visitor.port, "/api/info", { method: "POST", body: "{}" })
    expect([bare.status, bare.body]).toEqual([401, ""])
    const keyed = {
      method: "POST",
      body: "{}",
      headers: { "x-api-key": API_KEY, origin: "https://a.example" }
    }
    expect((await ask(visitor.port, "/api/info", keyed)).status).toBe(200)
    // A wrong key is wrong, whatever the cookie.
    const wrong = await visitor.get(SCHEDULES, { "x-api-key": "wrong" })
    expect([wrong.status, wrong.body]).toEqual([401, ""])
  })

  it("outlives a restart", async () => {
    const { served, visitor } = await start()
    await visitor.logIn({ apiKey: API_KEY })
    const store = served.config.store.path
    const { life } = JSON.parse((await visitor.get(adminPaths.session)).body)
    await served.stop()
    const again = await start({ "store.path": store })
    const later = Object.assign(again.visitor, { cookie: visitor.cookie, csrf: visitor.csrf })
    const session = JSON.parse((await later.get(adminPaths.session)).body)
    expect(session).toMatchObject({ csrf: visitor.csrf })
    expect(session.life).not.toBe(life)
  })

  it("gives tokens for channels of the dashboard alone", async () => {
    const { visitor } = await start()
    expect(refusal(await visitor.post(adminPaths.token, {}))).toEqual([401, "loggedOut"])
    await visitor.logIn({ apiKey: API_KEY })
    for (const wrong of [
      { channel: "news" },
      { channel: "clarion:more" },
      { channel: 7 },
      { chanel: "x" },
      []
    ])
      expect([wrong, refusal(await visitor.post(adminPaths.token, wrong))]).toEqual([
        wrong,
        [400, "malformed"]
      ])
    expect(await visitor.token()).not.toBe(await visitor.token("clarion:overview"))
  })
})
