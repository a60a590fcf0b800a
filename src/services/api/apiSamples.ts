/** What the server API counts, as metrics. Names are documented in docs/metrics.md. */
import { counter, type Sample } from "../Metrics.ts"
import type { Outcome } from "./outcome.ts"
import type { MethodName } from "./requests.ts"

/** Numbers since start. */
export class ApiCounters {
  readonly #commands = new Map<MethodName, number>()
  readonly #errors = new Map<number, number>()

  begun(method: MethodName): void {
    this.#commands.set(method, (this.#commands.get(method) ?? 0) + 1)
  }

  readonly done = (outcome: Outcome): Outcome => {
    if (typeof outcome !== "string") this.#errors.set(outcome.code, (this.#errors.get(outcome.code) ?? 0) + 1)
    return outcome
  }

  samples(): ReadonlyArray<Sample> {
    return [
      ...[...this.#commands].map(([method, value]) =>
        counter("clarion_api_commands_total", "Commands of the server API", value, { method })
      ),
      ...[...this.#errors].map(([code, value]) =>
        counter("clarion_api_errors_total", "Commands of the server API that ended in an error", value, {
          code: String(code)
        })
      )
    ]
  }
}
