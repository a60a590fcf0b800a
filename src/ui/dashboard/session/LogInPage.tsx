/** The log-in page: by password where the server has one, else, or besides, by its API key. */
import { useEffect, useRef, useState } from "preact/hooks"
import type { LogIn } from "../../../protocol/dashboard.ts"
import { Button } from "../../parts/Button.tsx"
import { plural } from "../../parts/format.ts"
import { Problem } from "../../parts/Problem.tsx"
import { SchemeSwitch } from "../../parts/SchemeSwitch.tsx"
import { useCell } from "../../parts/useCell.ts"
import type { Answer } from "./Answer.ts"
import { logIn, sessionProblem } from "./session.ts"

type Way = "password" | "apiKey"

const ways: Readonly<
  Record<Way, { readonly label: string; readonly hint: string; readonly autoComplete: string }>
> = {
  password: {
    label: "Password",
    hint: "The one whose hash is admin.passwordHash in the configuration.",
    autoComplete: "current-password"
  },
  apiKey: {
    label: "API key",
    hint: "The server wrote it to its log at start, with a link that logs in, or it is auth.apiKey in the configuration.",
    autoComplete: "off"
  }
}

const wrong: Readonly<Record<Way, string>> = {
  password: "This is not the password.",
  apiKey: "This is not the API key of this server."
}

const sentence = (answer: Answer & { isOk: false }, way: Way): string => {
  if (answer.status === 401) return wrong[way]
  if (answer.status !== 429) return answer.problem
  const { retryAfter } = answer
  const when = retryAfter === undefined ? "in a minute" : `in ${plural(Math.ceil(retryAfter), "second")}`
  return `Too many wrong attempts. Try again ${when}.`
}

const Form = ({ way }: { readonly way: Way }) => {
  const field = useRef<HTMLInputElement>(null)
  const [isBusy, setBusy] = useState(false)
  const [problem, setProblem] = useState<string>()
  useEffect(() => {
    setProblem(undefined)
    field.current!.focus()
  }, [way])
  const send = async (event: Event) => {
    event.preventDefault()
    if (isBusy) return
    const secret = field.current!.value
    if (secret === "") return setProblem(`Enter the ${way === "password" ? "password" : "API key"}.`)
    setBusy(true)
    setProblem(undefined)
    const answer = await logIn(
      (way === "password" ? { password: secret } : { apiKey: secret.trim() }) as LogIn
    )
    if (answer.isOk) return
    setBusy(false)
    setProblem(sentence(answer, way))
    field.current?.select()
  }
  const { label, hint, autoComplete } = ways[way]
  return (
    <form class="form" onSubmit={send} noValidate>
      {/* Password managers want to know whose password it is. */}
      <input
        class="hidden"
        name="username"
        autocomplete="username"
        value="admin"
        tabIndex={-1}
        aria-hidden="true"
        readOnly
      />
      <div class="field">
        <label for="secret">{label}</label>
        <input
          id="secret"
          ref={field}
          type="password"
          autocomplete={autoComplete}
          spellcheck={false}
          aria-describedby="secret-hint"
          aria-invalid={problem !== undefined}
        />
        <span class="hint" id="secret-hint">
          {hint}
        </span>
      </div>
      <Problem text={problem} />
      <div class="buttons">
        <Button kind="primary" isBusy={isBusy}>
          {isBusy ? "Logging in…" : "Log in"}
        </Button>
      </div>
    </form>
  )
}

const Ways = ({ way, choose }: { readonly way: Way; readonly choose: (way: Way) => void }) => (
  <fieldset>
    <legend class="hidden">Log in by</legend>
    {(Object.keys(ways) as Array<Way>).map((one) => (
      <label class="choice" key={one}>
        <input type="radio" name="way" checked={way === one} onChange={() => choose(one)} />
        {ways[one].label}
      </label>
    ))}
  </fieldset>
)

export const LogInPage = ({
  hasPassword,
  notice
}: {
  readonly hasPassword: boolean
  readonly notice?: string
}) => {
  const [way, setWay] = useState<Way>(hasPassword ? "password" : "apiKey")
  const link = useCell(sessionProblem)
  useEffect(() => {
    document.title = "Log in · Clarion"
  }, [])
  return (
    <main class="log-in">
      <h1>Clarion</h1>
      {notice !== undefined && (
        <p role="status" class="notice">
          {notice}
        </p>
      )}
      {notice === undefined && <Problem text={link} />}
      {hasPassword && <Ways way={way} choose={setWay} />}
      <Form way={way} />
      <SchemeSwitch />
    </main>
  )
}
