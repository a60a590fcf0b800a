/**
 * Values as bytes: four bytes of CRC-32 of their key and themselves, then plain MessagePack, in which every object says the names of its members, so that any program and
 * any later version can read it. What was damaged on the disk is noticed when it is read.
 */
import { crc32 } from "node:zlib"
import { Packr } from "msgpackr"
import type { Value } from "./Store.ts"

const packr = new Packr({ useRecords: false, moreTypes: false })

const CHECKSUM_BYTES = 4

/** @throws what cannot be packed (functions, cycles): a mistake of the program */
export const valueToBytes = (key: Uint8Array, value: Value): Buffer => {
  const packed = packr.pack(value)
  const bytes = Buffer.allocUnsafe(CHECKSUM_BYTES + packed.length)
  bytes.writeUInt32LE(crc32(packed, crc32(key)))
  bytes.set(packed, CHECKSUM_BYTES)
  return bytes
}

/** @throws where the bytes are not those that were written */
export const valueFromBytes = (key: Uint8Array, bytes: Uint8Array): Value => {
  const stored = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const packed = stored.subarray(CHECKSUM_BYTES)
  if (stored.length <= CHECKSUM_BYTES || stored.readUInt32LE() !== crc32(packed, crc32(key)))
    throw new Error("an entry is not what was written: its checksum is wrong")
  return packr.unpack(packed)
}
