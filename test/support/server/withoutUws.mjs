// Given to node by --import: makes uWebSockets.js as missing as on a Node for which it has no binary.
import { register } from "node:module"

const hooks = `export const resolve = (name, context, next) => {
  if (name === "uWebSockets.js") throw new Error("This version of uWS.js supports only other versions of Node.js\\nand a second line")
  return next(name, context)
}`
register(`data:text/javascript,${encodeURIComponent(hooks)}`)
