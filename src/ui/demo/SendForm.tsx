import { useState } from "preact/hooks"
import { MAX_NAME, MAX_TEXT } from "./chat.ts"
import type { Sender } from "./Sender.ts"
import { useChanges } from "./useChanges.ts"

const randomName = (): string => `guest-${100 + Math.floor(Math.random() * 900)}`

const Result = ({ sender }: { readonly sender: Sender }) => {
  const { accepted, failed, problem, state } = sender
  return (
    <p class="result" role="status">
      {state === "connected" ? null : "The sending connection is not there; it comes back by itself. "}
      {accepted + failed === 0 ? null : `Accepted by the server: ${accepted}. `}
      {failed === 0 ? null : <span class="bad">Not sent: {failed}. </span>}
      {problem === undefined ? null : <span class="bad">The last one failed: {problem}.</span>}
    </p>
  )
}

interface Props {
  readonly sender: Sender
  readonly cutAll: () => void
}

export const SendForm = ({ sender, cutAll }: Props) => {
  useChanges(sender.changes)
  const [name, setName] = useState(randomName)
  const [text, setText] = useState("")
  const send = async (event: Event) => {
    event.preventDefault()
    if (text.trim() === "") return
    setText("")
    // What was not taken is to be tried again, and not to be typed again.
    if (!(await sender.send(name, text))) setText((typed) => (typed === "" ? text : typed))
  }
  return (
    <form class="send" onSubmit={send} aria-label="Send">
      <label>
        <span>Name</span>
        <input
          name="name"
          value={name}
          maxLength={MAX_NAME}
          autocomplete="nickname"
          onInput={({ currentTarget }) => setName(currentTarget.value)}
        />
      </label>
      <label class="text">
        <span>Message</span>
        <input
          name="text"
          value={text}
          maxLength={MAX_TEXT}
          autocomplete="off"
          onInput={({ currentTarget }) => setText(currentTarget.value)}
        />
      </label>
      <button type="submit" class="primary">
        Send
      </button>
      <button type="button" disabled={sender.isBursting} onClick={() => sender.burst(name)}>
        Send 100 in a second
      </button>
      <button type="button" onClick={cutAll}>
        Cut all three for 5 s
      </button>
      <Result sender={sender} />
    </form>
  )
}
