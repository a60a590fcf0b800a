/** A field for JSON that says where it is wrong, once somebody has tried to send it, and until it is right. */
import type { RefObject } from "preact"
import { useRef, useState } from "preact/hooks"
import { type JsonProblem, jsonProblem } from "../../parts/jsonProblem.ts"

/** What such a field has beside its words. */
export interface JsonState {
  readonly text: string
  readonly onText: (text: string) => void
  readonly problem: JsonProblem | undefined
  readonly field: RefObject<HTMLTextAreaElement | null>
}

export interface Json extends JsonState {
  /** Somebody wants to send it: from now on the field says where it is wrong. */
  readonly tried: () => void
  /** Whether it is wrong; then the cursor is where. */
  readonly isWrong: () => boolean
}

export const useJson = (text: string, onText: (text: string) => void): Json => {
  const field = useRef<HTMLTextAreaElement>(null)
  const [hasTried, setTried] = useState(false)
  return {
    text,
    onText,
    field,
    problem: hasTried ? jsonProblem(text) : undefined,
    tried: () => setTried(true),
    isWrong: () => {
      const wrong = jsonProblem(text)
      if (wrong !== undefined) showPlace(field.current, wrong)
      return wrong !== undefined
    }
  }
}

export interface JsonFieldProps extends JsonState {
  readonly id: string
  readonly label: string
  readonly hint: string
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
const showPlace = (field: HTMLTextAreaElement | null, { offset }: JsonProblem): void => {
  field?.focus()
  field?.setSelectionRange(offset, offset + 1)
}
