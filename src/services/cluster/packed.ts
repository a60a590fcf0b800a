/** Plain values as bytes, for other nodes. What arrives is checked against a schema by who reads it. */
import { Packr } from "msgpackr"
import { unpackChecked } from "../nats/messagePack.ts"

/** Bytes in what arrives are copied: a client's info, which is kept, is no part of the letter that it came in. */
const packr = new Packr({ useRecords: false, copyBuffers: true })

export const packed = (value: unknown): Uint8Array => packr.pack(value)

/** Undefined where the bytes are none of `packed`. */
export const unpacked = (bytes: Uint8Array): unknown => unpackChecked(packr, bytes)
