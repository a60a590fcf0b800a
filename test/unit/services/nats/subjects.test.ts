import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { Subjects, textOfToken, tokenOf } from "../../../../src/services/nats/subjects.ts"

const texts = fc.string({ minLength: 1, unit: "binary" })

describe("subjects of NATS", () => {
  it("any text is one token, and comes back", () => {
    fc.assert(
      fc.property(texts, (text) => {
        expect(tokenOf(text)).toMatch(/^[^\s.*>]+$/)
        expect(textOfToken(tokenOf(text))).toBe(text)
      })
    )
  })

  it("what looks like an escape, halves of surrogate pairs and wildcards stay what they are", () => {
    for (const text of ["~2e~", ".", "*", ">", "a b", "\ud800", "\udc00\ud800", "новости", "news:a#1,2"])
      expect(textOfToken(tokenOf(text))).toBe(text)
  })

  it("plain names stay readable", () => {
    expect(new Subjects("clarion").live("news:sports#42")).toBe("clarion.live.news:sports#42")
    expect(new Subjects("clarion").history("news", "news:a.b")).toBe("clarion.history.news.news:a~2e~b")
  })

  it("the namespace without a name is no namespace that can be named", () => {
    const subjects = new Subjects("clarion")
    expect(subjects.historyStream("")).not.toBe(subjects.historyStream("~"))
    expect(subjects.historyPattern("")).not.toBe(subjects.historyPattern("~"))
  })
})
