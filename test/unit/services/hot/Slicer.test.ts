import { describe, expect, it } from "vitest"
import { type Job, Slicer } from "../../../../src/services/hot/Slicer.ts"

/** Does `slices` slices; takes down each, in a log that jobs share. */
class Counting implements Job {
  /** Completes with the last slice. */
  readonly finished: Promise<void>
  #finish: () => void = () => {}

  constructor(
    readonly name: string,
    public left: number,
    readonly log: Array<string>,
    readonly during: (job: Counting) => void = () => {}
  ) {
    this.finished = new Promise((resolve) => {
      this.#finish = resolve
    })
  }

  readonly errors: Array<unknown> = []

  failed(error: unknown): void {
    this.errors.push(error)
  }

  slice(): boolean {
    this.left--
    this.log.push(this.name)
    this.during(this)
    if (this.left === 0) this.#finish()
    return this.left > 0
  }
}

const turn = () => new Promise<void>((resolve) => setImmediate(resolve))

describe("a slice that throws", () => {
  it("ends its own job and leaves the others their turns", async () => {
    const log: Array<string> = []
    const slicer = new Slicer()
    const bug = new Error("a bug")
    const broken = new Counting("broken", 3, log, () => {
      throw bug
    })
    const sound = new Counting("sound", 3, log)
    slicer.add(broken)
    slicer.add(sound)
    await sound.finished
    expect(broken.errors).toEqual([bug])
    expect(log).toEqual(["broken", "sound", "sound", "sound"])
  })
})

describe("a slicer", () => {
  it("does not begin within the call that adds a job", async () => {
    const log: Array<string> = []
    const job = new Counting("a", 1, log)
    new Slicer().add(job)
    expect(log).toEqual([])
    await job.finished
    expect(log).toEqual(["a"])
  })

  it("gives one slice in each turn of the loop", async () => {
    const log: Array<string> = []
    const slicer = new Slicer()
    const jobs = [new Counting("a", 3, log), new Counting("b", 3, log)]
    for (const job of jobs) slicer.add(job)
    const counts: Array<number> = []
    while (jobs.some(({ left }) => left > 0)) {
      await turn()
      counts.push(log.length)
    }
    expect(counts.every((count, i) => count <= i + 1)).toBe(true)
    expect(log).toHaveLength(6)
  })

  it("gives turns fairly, round robin", async () => {
    const log: Array<string> = []
    const slicer = new Slicer()
    const jobs = ["a", "b", "c"].map((name) => new Counting(name, 3, log))
    for (const job of jobs) slicer.add(job)
    await Promise.all(jobs.map(({ finished }) => finished))
    expect(log.join("")).toBe("abcabcabc")
  })

  it("leaves nobody out in the round in which another finishes", async () => {
    const log: Array<string> = []
    const slicer = new Slicer()
    const jobs = [2, 1, 3, 2].map((slices, i) => new Counting("abcd"[i]!, slices, log))
    for (const job of jobs) slicer.add(job)
    await Promise.all(jobs.map(({ finished }) => finished))
    expect(log.join("")).toBe("abcdacdc")
  })

  it("gives a job that was cancelled no further slice", async () => {
    const log: Array<string> = []
    const slicer = new Slicer()
    const [a, b] = [new Counting("a", 3, log), new Counting("b", 3, log)]
    slicer.add(a)
    slicer.add(b)
    slicer.cancel(a)
    await b.finished
    expect(log.join("")).toBe("bbb")
  })

  const cancelling = async (canceller: number, cancelled: number) => {
    const log: Array<string> = []
    const slicer = new Slicer()
    const jobs: Array<Counting> = ["a", "b", "c", "d"].map(
      (name, i) =>
        new Counting(name, 3, log, () => {
          if (i === canceller && log.length === i + 1) slicer.cancel(jobs[cancelled]!)
        })
    )
    for (const job of jobs) slicer.add(job)
    await Promise.all(jobs.filter((_, i) => i !== cancelled).map(({ finished }) => finished))
    return log.join("")
  }

  it("lets a slice cancel a job that comes later, and then goes on in turn", async () => {
    expect(await cancelling(0, 1)).toBe("acdacdacd")
    expect(await cancelling(1, 3)).toBe("abcabcabc")
  })

  it("lets a slice cancel a job that came before, and leaves nobody out for it", async () => {
    expect(await cancelling(1, 0)).toBe("abcdbcdbcd")
    expect(await cancelling(2, 0)).toBe("abcdbcdbcd")
  })

  it("leaves nobody out when a job that had its turn is cancelled between two turns", async () => {
    const log: Array<string> = []
    const slicer = new Slicer()
    const jobs = ["a", "b", "c"].map((name) => new Counting(name, 2, log))
    for (const job of jobs) slicer.add(job)
    await turn()
    expect(log.join("")).toBe("a")
    slicer.cancel(jobs[0]!)
    await Promise.all(jobs.slice(1).map(({ finished }) => finished))
    expect(log.join("")).toBe("abcbc")
  })

  it("rests when there is nothing to do, and begins again", async () => {
    const log: Array<string> = []
    const slicer = new Slicer()
    const first = new Counting("a", 2, log)
    slicer.add(first)
    await first.finished
    await turn()
    await turn()
    const second = new Counting("b", 2, log)
    slicer.add(second)
    await second.finished
    expect(log.join("")).toBe("aabb")
  })

  it("begins again after all jobs were cancelled", async () => {
    const log: Array<string> = []
    const slicer = new Slicer()
    const gone = new Counting("a", 2, log)
    slicer.add(gone)
    slicer.cancel(gone)
    const job = new Counting("b", 2, log)
    slicer.add(job)
    await job.finished
    expect(log.join("")).toBe("bb")
  })

  it("takes a job that a slice adds", async () => {
    const log: Array<string> = []
    const slicer = new Slicer()
    const second = new Counting("b", 2, log)
    const first = new Counting("a", 3, log, ({ left }) => {
      if (left === 2) slicer.add(second)
    })
    slicer.add(first)
    await Promise.all([first.finished, second.finished])
    expect(log.join("")).toBe("ababa")
  })
})
