/**
 * Values as bytes: four bytes of CRC-32, then plain MessagePack, in which every object says the names of its members, so that any program and
 * any later version can read it. What was damaged on the disk is noticed when it is read.
 */
import { crc32 } from "node:zlib"
import { Packr } from "msgpackr"
import type { Value } from "./Store.ts"

/** Bytes that are read are copied: they are read from memory that is used again. */
const packr = new Packr({ useRecords: false, moreTypes: false, copyBuffers: true })

export const CHECKSUM_BYTES = 4

/** @throws what cannot be packed (functions, cycles): a mistake of the program */
export const valueToBytes = (value: Value): Buffer => {
  const packed = packr.pack(value)
  const bytes = Buffer.allocUnsafe(CHECKSUM_BYTES + packed.length)
  bytes.writeUInt32LE(crc32(packed))
  bytes.set(packed, CHECKSUM_BYTES)
  return bytes
}

/** In the place of a value whose bytes are not those that were written. */
export const DAMAGED = Symbol("damaged value")

/** Nothing is thrown while LMDB's cursor is open: the package closes it where it is told of the end only. */
export const valueFromBytes = (bytes: Buffer, size: number): Value => {
  if (size <= CHECKSUM_BYTES) return DAMAGED
  const packed = bytes.subarray(CHECKSUM_BYTES, size)
  return bytes.readUInt32LE() === crc32(packed) ? packr.unpack(packed) : DAMAGED
}

/** @throws where it is damaged */
export const sound = (value: Value): Value => {
  if (value === DAMAGED) throw new Error("an entry is not what was written: its checksum is wrong")
  return value
}
