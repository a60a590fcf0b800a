/** A form for a simple schedule; the HTTP API and the command line know more. */
import { useState } from "preact/hooks"
import { Button } from "../../parts/Button.tsx"
import { moment } from "../../parts/format.ts"
import { Problem } from "../../parts/Problem.tsx"
import { TextField } from "../../parts/TextField.tsx"
import { useDraft } from "../drafts.ts"
import { JsonField, useJson } from "../publish/JsonField.tsx"
import { hashOf } from "../routes.ts"
import { ask } from "../session/ask.ts"
import { missing, previewOf, scheduleBody, type TriggerKind, type Typed, triggers } from "./creating.ts"

const kinds: Readonly<Record<TriggerKind, string>> = { at: "Once", every: "At an interval", cron: "By cron" }

const ownZone = Intl.DateTimeFormat().resolvedOptions().timeZone

const useTyped = () => {
  const [about, setAbout] = useDraft("new.about")
  const [kind, setKind] = useDraft("new.kind", "at")
  const [at, setAt] = useDraft("new.at")
  const [every, setEvery] = useDraft("new.every", "10 minutes")
  const [cron, setCron] = useDraft("new.cron", "0 9 * * 1-5")
  const [timeZone, setTimeZone] = useDraft("new.timeZone", ownZone)
  const [channels, setChannels] = useDraft("new.channels")
  const [data, setData] = useDraft("new.data")
  const typed: Typed = { about, kind: kind as TriggerKind, at, every, cron, timeZone, channels, data }
  return { typed, setAbout, setKind, setAt, setEvery, setCron, setTimeZone, setChannels, setData }
}

const When = ({ typed, setKind, setAt, setEvery, setCron, setTimeZone }: ReturnType<typeof useTyped>) => (
  <>
    <fieldset>
      <legend>When</legend>
      {triggers.map((one) => (
        <label class="choice" key={one}>
          <input type="radio" name="trigger" checked={typed.kind === one} onChange={() => setKind(one)} />
          {kinds[one]}
        </label>
      ))}
    </fieldset>
    {typed.kind === "at" && (
      <TextField
        id="new-at"
        label="At"
        type="datetime-local"
        hint={`Time of ${ownZone}`}
        text={typed.at}
        onText={setAt}
      />
    )}
    {typed.kind === "every" && (
      <TextField
        id="new-every"
        label="Every"
        hint="10 minutes, 500 ms, 1 hour"
        text={typed.every}
        onText={setEvery}
      />
    )}
    {typed.kind === "cron" && (
      <>
        <TextField
          id="new-cron"
          label="Cron"
          hint="Minute, hour, day, month, weekday; six fields with seconds first"
          text={typed.cron}
          onText={setCron}
        />
        <TextField
          id="new-zone"
          label="Time zone"
          hint="Empty: UTC"
          text={typed.timeZone}
          onText={setTimeZone}
        />
      </>
    )}
  </>
)

/** @member question the trigger that it is of, as it was sent */
interface Previewed {
  readonly question: string
  readonly due: ReadonlyArray<string>
}

const Preview = ({ due }: { readonly due: ReadonlyArray<string> | undefined }) => (
  <div role="status">
    {due !== undefined && (
      <>
        <p>It would be due, in the time of {ownZone},</p>
        <ul>
          {due.map((one) => (
            <li key={one}>{moment(Date.parse(one))}</li>
          ))}
        </ul>
      </>
    )}
  </div>
)

export const CreatePage = () => {
  const form = useTyped()
  const { typed } = form
  const json = useJson(typed.data, form.setData)
  const [isBusy, setBusy] = useState(false)
  const [problem, setProblem] = useState<string>()
  const [isAsking, setAsking] = useState(false)
  const [previewed, setPreviewed] = useState<Previewed>()
  const question = previewOf(typed)
  // What was previewed of another trigger says nothing of this one.
  const due = previewed?.question === question ? previewed.due : undefined

  const preview = async () => {
    setAsking(true)
    const answer = await ask("POST", "/api/schedules/preview", question)
    setAsking(false)
    setProblem(answer.isOk ? undefined : answer.problem)
    if (!answer.isOk) return setPreviewed(undefined)
    setPreviewed({ question, due: (answer.value as { next: ReadonlyArray<string> }).next })
  }
  const create = async (event: Event) => {
    event.preventDefault()
    if (isBusy) return
    json.tried()
    setProblem(missing(typed))
    if (missing(typed) !== undefined) return
    if (json.isWrong()) return
    setBusy(true)
    const answer = await ask("POST", "/api/schedules", scheduleBody(typed))
    setBusy(false)
    if (!answer.isOk) return setProblem(answer.problem)
    for (const forget of [form.setAbout, form.setAt, form.setData]) forget("")
    location.hash = hashOf("schedules", (answer.value as { id: string }).id)
  }
  return (
    <form class="form" onSubmit={create} noValidate>
      <TextField id="new-about" label="What it is for" text={typed.about} onText={form.setAbout} />
      <When {...form} />
      <TextField
        id="new-channels"
        label="Channels"
        hint="Names with commas between them; broadcast is everyone with a raw connection."
        text={typed.channels}
        onText={form.setChannels}
      />
      <JsonField id="new-data" label="Data" hint="Any JSON. It goes out as it is typed." {...json} />
      <Problem text={problem} />
      <Preview due={due} />
      <div class="buttons">
        <Button kind="primary" isBusy={isBusy}>
          Create
        </Button>
        <Button isBusy={isAsking} onClick={preview}>
          Preview
        </Button>
      </div>
    </form>
  )
}
