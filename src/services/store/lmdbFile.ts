/**
 * Looks for damage in an LMDB file before LMDB maps it: it trusts what it finds there, so a wrong page number or a file cut short would end the
 * process with a signal. Every page that can be reached from the newest root is read and its structure checked against the file, the trees'
 * own counts, and the list of free pages.
 *
 * What cannot be seen: values and keys whose bytes were changed but not their lengths. Their checksums (storedValue.ts) tell when they are
 * read. And what is damaged after the file was opened.
 *
 * The layout is that of LMDB's data format 2 on a little-endian machine with 64 bits (mdb.c of lmdb 3.5.6: MDB_page_header, MDB_meta, MDB_db,
 * MDB_node, MDB_ovpage).
 */
import { closeSync, fstatSync, openSync, readSync } from "node:fs"

/** Pages that are read in one turn of the event loop: some milliseconds. */
const TURN_PAGES = 1000
/** Pages of at most so many bytes. */
const MAX_PAGE_SIZE = 65_536

const MAGIC = 0xbeefc0de
const DATA_VERSION = 2
const HEADER = 24
const NODE_HEADER = 8
const META_SIZE = HEADER + 144
const DB_SIZE = 48
/** An overflow page's number, transaction and count of pages. */
const OVERFLOW_SIZE = 24
const NO_ROOT = 0xffff_ffff_ffff_ffffn
const BRANCH = 1
const LEAF = 2
const OVERFLOW = 4
const META = 8
const IS_BIG = 1
const IS_TREE = 2

class Damage extends Error {}

const expect = (isSound: boolean, damage: () => string): void => {
  if (!isSound) throw new Damage(damage())
}

/** A tree: of a table, of the tables' names, or of the free pages. */
interface Tree {
  readonly kind: "names" | "table" | "free"
  readonly depth: number
  readonly pages: { readonly branch: number; readonly leaf: number; readonly overflow: number }
  readonly entries: number
  /** Undefined: it is empty. */
  readonly root: number | undefined
}

const numberAt = (bytes: Buffer, at: number): number => Number(bytes.readBigUInt64LE(at))

/** The keys of free pages are numbers (8), and this tree has the flags of the file, too: it is no directory (0x4000). */
const FREE_FLAGS = 0x4008

const treeAt = (bytes: Buffer, at: number, kind: Tree["kind"]): Tree => {
  const isOfKind = bytes.readUInt16LE(at + 4) === (kind === "free" ? FREE_FLAGS : 0)
  expect(isOfKind, () => "it has a tree of another kind")
  const root = bytes.readBigUInt64LE(at + 40)
  return {
    kind,
    depth: bytes.readUInt16LE(at + 6),
    pages: {
      branch: numberAt(bytes, at + 8),
      leaf: numberAt(bytes, at + 16),
      overflow: numberAt(bytes, at + 24)
    },
    entries: numberAt(bytes, at + 32),
    root: root === NO_ROOT ? undefined : Number(root)
  }
}

/** One of the two pages at the beginning that say where the trees are. The one with the later transaction counts. */
interface Meta {
  readonly pageSize: number
  readonly transaction: number
  readonly lastPage: number
  readonly free: Tree
  readonly names: Tree
}

const parseMeta = (page: Buffer, index: number): Meta => {
  const what = `its page ${index}`
  const at = HEADER
  expect(
    page.length === META_SIZE && page.readUInt16LE(18) === META,
    () => `${what} is not a beginning of a store`
  )
  expect(page.readUInt32LE(at) === MAGIC, () => `${what} is not a beginning of a store`)
  expect(page.readUInt32LE(at + 4) === DATA_VERSION, () => `${what} is of another version of LMDB`)
  const pageSize = page.readUInt32LE(at + 24)
  const isPowerOfTwo = (pageSize & (pageSize - 1)) === 0
  expect(
    isPowerOfTwo && pageSize >= 512 && pageSize <= MAX_PAGE_SIZE,
    () => `${what} has an impossible page size`
  )
  return {
    pageSize,
    free: treeAt(page, at + 24, "free"),
    names: treeAt(page, at + 72, "names"),
    lastPage: numberAt(page, at + 120),
    transaction: numberAt(page, at + 128)
  }
}

class FileInspector {
  readonly #descriptor: number
  readonly #size: number
  readonly #page: Buffer
  readonly #meta: Meta
  /** A bit for each page: reached. */
  readonly #reached: Uint8Array

  constructor(descriptor: number) {
    this.#descriptor = descriptor
    this.#size = fstatSync(descriptor).size
    const first = parseMeta(this.#bytes(Buffer.alloc(META_SIZE), 0), 0)
    const second = parseMeta(this.#bytes(Buffer.alloc(META_SIZE), first.pageSize), 1)
    expect(second.pageSize === first.pageSize, () => "its first two pages have different page sizes")
    this.#meta = second.transaction > first.transaction ? second : first
    this.#page = Buffer.alloc(first.pageSize)
    const { lastPage } = this.#meta
    // Room is taken before LMDB uses it (headroom.ts), so a file of this store is never shorter than its pages.
    const isWhole = lastPage >= 1 && (lastPage + 1) * first.pageSize <= this.#size
    expect(
      isWhole,
      () => `it has ${this.#size} bytes, which is not enough for ${lastPage + 1} pages: it was cut short`
    )
    this.#reached = new Uint8Array(Math.floor(lastPage / 8) + 1)
  }

  /** Yields after each page. */
  *inspect(): Generator<void> {
    const trees = [this.#meta.free, this.#meta.names]
    for (const tree of trees) yield* this.#inspectTree(tree, (table) => trees.push(table))
  }

  *#inspectTree(tree: Tree, onTable: (tree: Tree) => void): Generator<void> {
    const found = { branch: 0, leaf: 0, overflow: 0, entries: 0 }
    const waiting = tree.root === undefined ? [] : [{ page: tree.root, level: 1 }]
    const isEmpty = tree.depth === 0 && tree.entries === 0
    expect(tree.root !== undefined || isEmpty, () => "a tree with entries has no root")
    for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
      const isLeaf = next.level === tree.depth
      const page = this.#read(next.page, isLeaf ? LEAF : BRANCH)
      const nodes = this.#nodes(page, next.page)
      found[isLeaf ? "leaf" : "branch"]++
      if (isLeaf) {
        found.entries += nodes.length
        for (const node of nodes)
          found.overflow += this.#inspectEntry(page, node, next.page, tree.kind, onTable)
      } else {
        expect(nodes.length > 1, () => `its page ${next!.page} leads nowhere`)
        for (const node of nodes) waiting.push({ page: childOf(page, node), level: next.level + 1 })
      }
      yield
    }
    const isWhole =
      found.entries === tree.entries &&
      found.branch === tree.pages.branch &&
      found.leaf === tree.pages.leaf &&
      found.overflow === tree.pages.overflow
    expect(
      isWhole,
      () => `a tree of ${tree.entries} entries has ${found.entries}, or other pages than it should`
    )
  }

  /** The pages that its value takes beyond this one. */
  #inspectEntry(
    page: Buffer,
    node: number,
    at: number,
    kind: Tree["kind"],
    onTable: (tree: Tree) => void
  ): number {
    const [size, flags] = [page.readUInt32LE(node), page.readUInt16LE(node + 4)]
    const data = node + NODE_HEADER + page.readUInt16LE(node + 6)
    const wrong = () => `its page ${at} has an impossible entry`
    const isBig = flags === IS_BIG
    expect(flags === (kind === "names" ? IS_TREE : isBig ? IS_BIG : 0), wrong)
    const end = data + (isBig ? OVERFLOW_SIZE : size)
    expect(end <= page.length, wrong)
    if (kind === "names") {
      expect(size === DB_SIZE, wrong)
      onTable(treeAt(page, data, "table"))
    }
    const pages = isBig ? numberAt(page, data + 16) : 0
    if (isBig) {
      expect(numberAt(page, data + 8) <= this.#meta.transaction, wrong)
      // A value that became shorter keeps its pages.
      expect(pages >= Math.floor((HEADER - 1 + size) / page.length) + 1, wrong)
      this.#inspectOverflow(numberAt(page, data), pages)
    }
    if (kind === "free")
      this.#inspectFree(isBig ? this.#overflowBytes(numberAt(page, data), size) : page.subarray(data, end))
    return pages
  }

  #inspectOverflow(first: number, count: number): void {
    const header = this.#header(first)
    const isOverflow = header.readUInt16LE(18) === OVERFLOW && header.readUInt32LE(20) === count
    expect(isOverflow, () => `its page ${first} is not the beginning of a long value`)
    for (let number = first; number < first + count; number++) this.#reach(number)
  }

  #overflowBytes(first: number, size: number): Buffer {
    return this.#bytes(Buffer.alloc(size), first * this.#meta.pageSize + HEADER)
  }

  /** How many words follow; each is nothing (0), a page, or a number of pages below zero with the first of them behind it. */
  #inspectFree(list: Buffer): void {
    const wrong = () => "its list of free pages is impossible"
    const words = list.length >= 8 && list.length % 8 === 0 ? numberAt(list, 0) : Number.POSITIVE_INFINITY
    expect(words < list.length / 8, wrong)
    for (let word = 1; word <= words; word++) {
      const value = Number(list.readBigInt64LE(8 * word))
      const count = value < 0 ? -value : 1
      const first = value < 0 && word < words ? numberAt(list, 8 * ++word) : value
      expect(value === 0 || (first >= 2 && first + count - 1 <= this.#meta.lastPage), wrong)
    }
  }

  #read(number: number, flags: number): Buffer {
    this.#reach(number)
    const page = this.#bytes(this.#page, number * this.#meta.pageSize)
    const isWhole = page.length === this.#page.length && this.#isOf(page, number)
    expect(isWhole && page.readUInt16LE(18) === flags, () => `its page ${number} is not what it should be`)
    return page
  }

  #header(number: number): Buffer {
    this.#inFile(number)
    const header = this.#bytes(Buffer.alloc(HEADER), number * this.#meta.pageSize)
    const isWhole = header.length === HEADER && this.#isOf(header, number)
    expect(isWhole, () => `its page ${number} is not what it should be`)
    return header
  }

  /** It says its number, and a transaction that was: one of a later transaction is taken for a page that may be written to where it is. */
  #isOf(page: Buffer, number: number): boolean {
    return numberAt(page, 0) === number && numberAt(page, 8) <= this.#meta.transaction
  }

  #inFile(number: number): void {
    const { lastPage } = this.#meta
    expect(number >= 2 && number <= lastPage, () => `it leads to page ${number}, which it does not have`)
  }

  #reach(number: number): void {
    this.#inFile(number)
    const [byte, bit] = [number >> 3, 1 << (number & 7)]
    expect((this.#reached[byte]! & bit) === 0, () => `its page ${number} is used twice`)
    this.#reached[byte]! |= bit
  }

  /** Where the nodes of a page are in it. */
  #nodes(page: Buffer, number: number): ReadonlyArray<number> {
    const [lower, upper] = [page.readUInt16LE(20), page.readUInt16LE(22)]
    const room = page.length - HEADER
    const wrong = () => `its page ${number} has an impossible layout`
    expect(lower > 0 && lower % 2 === 0 && lower <= upper && upper <= room, wrong)
    const nodes: Array<number> = []
    for (let index = 0; index < lower / 2; index++) {
      const node = page.readUInt16LE(HEADER + 2 * index)
      expect(node >= upper && node + NODE_HEADER <= room, wrong)
      expect(node + NODE_HEADER + page.readUInt16LE(HEADER + node + 6) <= room, wrong)
      nodes.push(HEADER + node)
    }
    return nodes
  }

  #bytes(target: Buffer, at: number): Buffer {
    return target.subarray(0, readSync(this.#descriptor, target, 0, target.length, at))
  }
}

const childOf = (page: Buffer, node: number): number =>
  page.readUInt32LE(node) + page.readUInt16LE(node + 4) * 2 ** 32

/** What is wrong with the file, in words; undefined: nothing that can be seen. An empty file is a store that was just being made. */
export const damageOf = async (file: string): Promise<string | undefined> => {
  const descriptor = openSync(file, "r")
  try {
    if (fstatSync(descriptor).size === 0) return undefined
    let pages = 0
    for (const _ of new FileInspector(descriptor).inspect())
      if (++pages % TURN_PAGES === 0) await new Promise((resolve) => setImmediate(resolve))
    return undefined
  } catch (error) {
    if (error instanceof Damage) return error.message
    throw error
  } finally {
    closeSync(descriptor)
  }
}
