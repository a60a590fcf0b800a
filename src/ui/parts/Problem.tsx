/** What went wrong, told at once. The place for it is always there: screen readers hear what appears in it. */
export const Problem = ({ text }: { readonly text: string | undefined }) => (
  <p role="alert" class={text === undefined ? "problem none" : "problem"}>
    {text}
  </p>
)
