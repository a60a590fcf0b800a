/** A field for a line of text, with its label and a word on what it takes. */
export interface TextFieldProps {
  readonly id: string
  readonly label: string
  readonly hint?: string
  readonly type?: "text" | "search" | "datetime-local"
  readonly placeholder?: string
  readonly text: string
  readonly onText: (text: string) => void
}

export const TextField = ({ id, label, hint, type = "text", placeholder, text, onText }: TextFieldProps) => (
  <div class="field">
    <label for={id}>{label}</label>
    <input
      id={id}
      // Each type has attributes of its own; these are of all of them.
      type={type as "text"}
      step={1}
      value={text}
      placeholder={placeholder}
      spellcheck={false}
      autocomplete="off"
      autocapitalize="off"
      aria-describedby={hint === undefined ? undefined : `${id}-hint`}
      onInput={(event) => onText(event.currentTarget.value)}
    />
    {hint !== undefined && (
      <span class="hint" id={`${id}-hint`}>
        {hint}
      </span>
    )}
  </div>
)
