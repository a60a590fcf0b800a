/** How the server API treats those who use it. Names are Centrifugo's, in camel case. */
import { key } from "./Keys.ts"
import * as Kind from "./Kind.ts"

export const httpApiKeys = {
  "httpApi.insecure": key(Kind.boolean, false, "true: /api answers without the key; for development"),
  "httpApi.errorMode": key(
    Kind.choice("", "transport"),
    "",
    "transport: errors come as HTTP statuses, as if every request asked for it with X-Centrifugo-Error-Mode"
  )
}
