/** Loads the data of a screen. The last answer stays until the next arrives, and late answers are dropped. */
import { useEffect, useState } from 'preact/hooks'

export interface Loaded<T> {
  readonly data: T | undefined
  readonly error: string | undefined
}

/** Asks again whenever `key` changes, and at an interval in milliseconds, which grows when answers take long. */
export function useLoaded<T>(load: (gone: AbortSignal) => Promise<T>, key: string, every = 0): Loaded<T> {
  const [state, setState] = useState<Loaded<T>>({ data: undefined, error: undefined })
  useEffect(() => {
    const gone = new AbortController()
    let timer: ReturnType<typeof setTimeout> | undefined
    const once = async () => {
      const asked = performance.now()
      try {
        const data = await load(gone.signal)
        if (!gone.signal.aborted) setState({ data, error: undefined })
      } catch (error) {
        if (!gone.signal.aborted) setState(last => ({ data: last.data, error: (error as Error).message }))
      }
      if (!gone.signal.aborted && every > 0) timer = setTimeout(once, Math.max(every, 10 * (performance.now() - asked)))
    }
    void once()
    return () => {
      gone.abort()
      clearTimeout(timer)
    }
  }, [key])
  return state
}
