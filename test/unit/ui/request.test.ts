import { afterEach, expect, it, vi } from "vitest"
import { request } from "../../../src/ui/dashboard/session/request.ts"

const answering = (body: string | null, status: number) =>
  vi.stubGlobal("fetch", () => Promise.resolve(new Response(body, { status })))

afterEach(() => void vi.unstubAllGlobals())

it("an answer is read, and its text is there as it came", async () => {
  answering('{"n": 12345678901234567890}', 200)
  expect(await request("GET", "/")).toMatchObject({
    isOk: true,
    text: '{"n": 12345678901234567890}',
    value: { n: expect.any(Number) }
  })
  answering(null, 204)
  expect(await request("POST", "/")).toMatchObject({ isOk: true, value: undefined })
})

it.each(["<html>log in to the network</html>", "", '"text"', "null"])(
  "a success that is no answer of the server's is none: %s",
  async (body) => {
    answering(body, 200)
    expect(await request("GET", "/")).toMatchObject({
      isOk: false,
      problem: expect.stringContaining("not this server")
    })
  }
)

it("no answer is a sentence", async () => {
  vi.stubGlobal("fetch", () => Promise.reject(new TypeError("no network")))
  expect(await request("GET", "/")).toMatchObject({
    isOk: false,
    status: 0,
    problem: "The server does not answer."
  })
})
