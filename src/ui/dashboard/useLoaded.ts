import { useCallback, useEffect, useRef, useState } from "preact/hooks"

/** What was answered is not what can be read. */
export interface Unreadable {
  readonly isOk: false
  readonly code: 0
  readonly problem: string
}

const unreadable = (error: unknown): Unreadable => ({
  isOk: false,
  code: 0,
  problem: `The answer cannot be read: ${error}`
})

export interface Loaded<A> {
  /** Undefined before the first answer to this question. */
  readonly value: A | Unreadable | undefined
  readonly isBusy: boolean
  /** When the value came. */
  readonly at: number | undefined
  readonly reload: () => void
}

/**
 * Asks the server for what was opened, and again by `reload`, or when the question is another one; answers that come late, to a question
 * that nobody asks any more, are passed over.
 * @param question what is asked for; another one makes what is known go
 */
export const useLoaded = <A>(question: string, load: () => Promise<A>): Loaded<A> => {
  const [known, setKnown] = useState<{ question: string; value: A | Unreadable; at: number }>()
  const [isBusy, setBusy] = useState(false)
  const turn = useRef(0)
  const reload = useCallback(() => {
    const mine = ++turn.current
    setBusy(true)
    const loaded: Promise<A | Unreadable> = load().catch(unreadable)
    void loaded.then((value) => {
      if (mine !== turn.current) return
      setBusy(false)
      setKnown({ question, value, at: Date.now() })
    })
  }, [question])
  useEffect(() => {
    reload()
    return () => void turn.current++
  }, [reload])
  const isOfThis = known?.question === question
  return { value: isOfThis ? known.value : undefined, at: isOfThis ? known.at : undefined, isBusy, reload }
}
