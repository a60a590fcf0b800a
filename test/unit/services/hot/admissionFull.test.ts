import { describe, expect, it } from "vitest"
import { Admission } from "../../../../src/services/hot/Admission.ts"

const make = (capacity: number) => {
  const told: Array<string> = []
  const admission = new Admission(capacity, 0, 0)
  admission.onFull = () => told.push("full")
  admission.onRelease = (address) => told.push(address)
  const admit = (times: number) => {
    for (let i = 0; i < times; i++) admission.admit("a", 0)
  }
  const release = (times: number) => {
    for (let i = 0; i < times; i++) admission.release("a")
  }
  const full = () => told.filter((what) => what === "full").length
  return { admission, told, admit, release, full }
}

describe("a process that is full", () => {
  it("tells it with the first who finds no room, and not with those who follow", () => {
    const { admit, full } = make(200)
    admit(200)
    expect(full()).toBe(0)
    admit(1)
    expect(full()).toBe(1)
    admit(1000)
    expect(full()).toBe(1)
  })

  it("does not tell it again for each place that is left and taken: only after one in a hundred was free", () => {
    const { admit, release, full } = make(200)
    admit(201)
    for (let i = 0; i < 10; i++) {
      release(1)
      admit(2)
    }
    expect(full()).toBe(1)
    release(2)
    admit(2)
    admit(1)
    expect(full()).toBe(2)
  })
})

it("each address that is released is told", () => {
  const { admission, told } = make(10)
  admission.admit("a", 0)
  admission.admit("b", 0)
  admission.release("b")
  expect(told).toEqual(["b"])
})
