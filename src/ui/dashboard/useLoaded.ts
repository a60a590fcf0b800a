import { useCallback, useEffect, useRef, useState } from "preact/hooks"

export interface Loaded<A> {
  /** Undefined before the first answer to this question. */
  readonly value: A | undefined
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
  const [known, setKnown] = useState<{ question: string; value: A; at: number }>()
  const [isBusy, setBusy] = useState(false)
  const turn = useRef(0)
  const reload = useCallback(() => {
    const mine = ++turn.current
    setBusy(true)
    void load().then((value) => {
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
