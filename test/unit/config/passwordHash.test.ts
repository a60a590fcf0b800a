import { scryptSync } from "node:crypto"
import * as Result from "effect/Result"
import { describe, expect, it } from "vitest"
import { hashPassword, isPassword, readPasswordHash } from "../../../src/config/passwordHash.ts"
import { serverConfig } from "../../../src/config/ServerConfig.ts"

const read = (text: string) => Result.getOrThrow(readPasswordHash(text))
const problem = (text: string) => Result.getOrThrow(Result.flip(readPasswordHash(text)))

const base64 = (bytes: Uint8Array) => Buffer.from(bytes).toString("base64").replaceAll("=", "")
const salt = Buffer.from("a salt of 20 bytes..")

/** As any other program may have made it. */
const phc = (password: string, ln: number, r: number, p: number, bytes = 32) =>
  `$scrypt$ln=${ln},r=${r},p=${p}$${base64(salt)}$${base64(scryptSync(password, salt, bytes, { N: 2 ** ln, r, p }))}`

describe("a hash that was made", () => {
  it("is of this password alone, and never the same twice", async () => {
    const made = await hashPassword("correct horse")
    expect(made).toMatch(/^\$scrypt\$ln=15,r=8,p=3\$[\w+/]{22}\$[\w+/]{43}$/)
    expect(await isPassword("correct horse", read(made))).toBe(true)
    for (const other of ["correct horsf", "correct hors", "correct horse ", "Correct horse", ""])
      expect([other, await isPassword(other, read(made))]).toEqual([other, false])
    expect(await hashPassword("correct horse")).not.toBe(made)
  })
})

describe("a hash of another program", () => {
  it.each([
    [1, 1, 1, 16],
    [4, 8, 1, 32],
    [10, 4, 2, 64]
  ])("with ln=%i, r=%i, p=%i and %i bytes is good", async (ln, r, p, bytes) => {
    const hash = read(phc("secret", ln, r, p, bytes))
    expect([await isPassword("secret", hash), await isPassword("Secret", hash)]).toEqual([true, false])
  })

  it("takes a password however its characters are composed", async () => {
    const hash = read(phc("Zo\u00eb", 4, 8, 1))
    expect(await isPassword("Zoe\u0308", hash)).toBe(true)
    expect(await isPassword("Zoe", hash)).toBe(false)
  })
})

describe("what is no hash", () => {
  const good = phc("secret", 4, 8, 1)

  it.each([
    ["a password", "hunter2", "is no hash of a password"],
    ["another kind", "$argon2id$v=19$m=65536,t=3,p=4$c2FsdHNhbHQ$aGFzaA", "of another kind (argon2id)"],
    ["bcrypt", "$2b$12$abcdefghijklmnopqrstuv", "of another kind (2b)"],
    ["less at its end", good.slice(0, good.lastIndexOf("$")), "is no hash of a password"],
    ["more at its end", `${good}$`, "is no hash of a password"],
    ["space around it", ` ${good}`, "is no hash of a password"],
    ["parameters in another order", good.replace("ln=4,r=8", "r=8,ln=4"), "is no hash of a password"],
    ["no cost", good.replace("ln=4", "ln=0"), "ln=0,r=8,p=1"],
    ["no blocks", good.replace("r=8", "r=0"), "ln=4,r=0,p=1"],
    ["a cost that would take all memory", good.replace("ln=4", "ln=40"), "ln=40,r=8,p=1"],
    ["a cost that would take all time", good.replace("p=1", "p=999"), "ln=4,r=8,p=999"],
    ["a short hash", "$scrypt$ln=4,r=8,p=1$QUFBQUFBQUFBQUE$QUFB", "its hash 3"],
    ["a short salt", "$scrypt$ln=4,r=8,p=1$QUFB$QUFBQUFBQUFBQUFBQUFBQUFB", "its salt has 3 bytes"]
  ])("%s is told so", (_, text, says) => {
    expect(problem(text)).toContain(says)
  })

  it("is a problem of the key, without what was found", () => {
    const { message } = Result.getOrThrow(Result.flip(serverConfig({ admin: { passwordHash: "hunter2" } })))
    expect(message).toMatch(/^ {2}admin\.passwordHash: is no hash of a password, .*hash-password/m)
    expect(message).not.toContain("hunter2")
  })
})
