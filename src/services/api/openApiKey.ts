/** The API key in the OpenAPI document. */
import * as HttpApiMiddleware from "effect/http-api/HttpApiMiddleware"
import * as HttpApiSchema from "effect/http-api/HttpApiSchema"
import * as HttpApiSecurity from "effect/http-api/HttpApiSecurity"
import * as OpenApi from "effect/http-api/OpenApi"

export class Key extends HttpApiMiddleware.Service<Key>()("clarion/services/api/Key", {
  security: {
    "X-API-Key": HttpApiSecurity.apiKey({ key: "X-API-Key" }),
    Authorization: HttpApiSecurity.apiKey({ key: "Authorization" }).pipe(
      HttpApiSecurity.annotate(OpenApi.Description, "apikey <key>")
    ),
    api_key: HttpApiSecurity.apiKey({ key: "api_key", in: "query" })
  },
  error: HttpApiSchema.Empty(401).annotate({ description: "the key is wrong, or there is none" })
}) {}
