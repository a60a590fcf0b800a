/** Publishes JSON into channels, or to everyone, and shows how its receipt grows. */
import { useState } from "preact/hooks"
import { Button } from "../../parts/Button.tsx"
import { plural } from "../../parts/format.ts"
import { Problem } from "../../parts/Problem.tsx"
import { TextField } from "../../parts/TextField.tsx"
import { useDraft } from "../drafts.ts"
import { JsonField, useJson } from "./JsonField.tsx"
import { PublishedReceipt } from "./PublishedReceipt.tsx"
import { channelNames, EVERYONE } from "./publication.ts"
import { type Published, publish } from "./publishing.ts"

/** @member channel where it goes; absent: the form asks */
export interface PublishFormProps {
  readonly channel?: string | undefined
}

type Target = "everyone" | "channels"

const targets: Readonly<Record<Target, string>> = {
  everyone: "Everyone: all raw connections",
  channels: "Subscribers of channels"
}

const Targets = ({ target, choose }: { target: Target; choose: (target: Target) => void }) => (
  <fieldset>
    <legend>To</legend>
    {(Object.keys(targets) as Array<Target>).map((one) => (
      <label class="choice" key={one}>
        <input type="radio" name="target" checked={target === one} onChange={() => choose(one)} />
        {targets[one]}
      </label>
    ))}
  </fieldset>
)

const Outcome = ({ outcome: { receipt, refusals, channels } }: { outcome: Published }) => (
  <>
    {refusals.length > 0 && (
      <Problem
        text={`${plural(refusals.length, "channel")} of ${channels} did not take it:\n${refusals.join("\n")}`}
      />
    )}
    {receipt !== undefined && <PublishedReceipt id={receipt} />}
  </>
)

/** What the form has, and what becomes of sending it. */
const useForm = (fixed: string | undefined) => {
  const [target, setTarget] = useDraft("publish.target", "everyone")
  const [names, setNames] = useDraft("publish.channels")
  const json = useJson(...useDraft(`publish.json ${fixed ?? ""}`))
  const [isBusy, setBusy] = useState(false)
  const [problem, setProblem] = useState<string>()
  const [outcome, setOutcome] = useState<Published>()
  const chosen = target === "everyone" ? [EVERYONE] : channelNames(names)
  const channels = fixed === undefined ? chosen : [fixed]

  const send = async () => {
    json.tried()
    setProblem(undefined)
    if (channels.length === 0) return setProblem("Name a channel at least.")
    if (json.isWrong()) return
    setBusy(true)
    setOutcome(undefined)
    const came = await publish(channels, json.text)
    setBusy(false)
    if ("problem" in came) setProblem(came.problem)
    else setOutcome(came)
  }
  return {
    target,
    setTarget,
    names,
    setNames,
    json,
    isBusy,
    problem,
    outcome,
    send
  }
}

export const PublishForm = ({ channel }: PublishFormProps) => {
  const form = useForm(channel)
  const submit = (event: Event) => {
    event.preventDefault()
    if (!form.isBusy) void form.send()
  }
  const keys = (event: KeyboardEvent) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) submit(event)
  }
  return (
    <>
      <form class="form" onSubmit={submit} onKeyDown={keys} noValidate>
        {channel === undefined && <Targets target={form.target as Target} choose={form.setTarget} />}
        {channel === undefined && form.target === "channels" && (
          <TextField
            id="publish-channels"
            label="Channels"
            hint="Names with commas between them."
            text={form.names}
            onText={form.setNames}
          />
        )}
        <JsonField
          id="publish-json"
          label="Data"
          hint="Any JSON. It goes out as it is typed; raw connections get a string as its characters."
          {...form.json}
        />
        <Problem text={form.problem} />
        <div class="buttons">
          <Button kind="primary" isBusy={form.isBusy}>
            {form.isBusy ? "Publishing…" : "Publish"}
          </Button>
        </div>
      </form>
      {form.outcome !== undefined && <Outcome outcome={form.outcome} />}
    </>
  )
}
