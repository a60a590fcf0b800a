/** A field for JSON that says where it is wrong, once somebody has tried to send it, and until it is right. */
import type { RefObject } from "preact"
import type { JsonProblem } from "../../parts/jsonProblem.ts"

export interface JsonFieldProps {
  readonly id: string
  readonly label: string
  readonly hint: string
  readonly text: string
  readonly onText: (text: string) => void
  readonly problem: JsonProblem | undefined
  readonly field: RefObject<HTMLTextAreaElement | null>
}

export const JsonField = ({ id, label, hint, text, onText, problem, field }: JsonFieldProps) => (
  <div class="field">
    <label for={id}>{label}</label>
    <textarea
      id={id}
      ref={field}
      value={text}
      spellcheck={false}
      autocomplete="off"
      autocapitalize="off"
      aria-invalid={problem !== undefined}
      aria-describedby={`${id}-hint ${id}-problem`}
      onInput={(event) => onText(event.currentTarget.value)}
    />
    <span class="hint" id={`${id}-hint`}>
      {hint}
    </span>
    <p id={`${id}-problem`} role="alert" class={problem === undefined ? "problem none" : "problem"}>
      {problem && `Line ${problem.line}, column ${problem.column}: ${problem.message}.`}
    </p>
  </div>
)

/** Puts the cursor where the text is wrong. */
export const showPlace = (field: HTMLTextAreaElement | null, { offset }: JsonProblem): void => {
  field?.focus()
  field?.setSelectionRange(offset, offset + 1)
}
