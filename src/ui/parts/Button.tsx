/**
 * A button that waits for what it has begun. It is not `disabled` meanwhile: whoever pressed it by keyboard would lose their place.
 */
import type { ComponentChildren } from "preact"

export interface ButtonProps {
  readonly isBusy: boolean
  /** Absent: it submits its form, which is to look whether it is busy itself. */
  readonly onClick?: () => void
  readonly kind?: "primary" | "danger" | "quiet" | undefined
  readonly children: ComponentChildren
}

export const Button = ({ isBusy, onClick, kind, children }: ButtonProps) => (
  <button
    type={onClick === undefined ? "submit" : "button"}
    class={kind}
    aria-disabled={isBusy}
    onClick={() => {
      if (!isBusy) onClick?.()
    }}
  >
    {children}
  </button>
)
