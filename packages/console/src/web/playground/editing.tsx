/** The editor in the page; CodeMirror is loaded when it is first shown. */
import { useEffect, useRef, useState } from 'preact/hooks'
import type { Author, Editor } from './editor.ts'
import type { Color, Finding } from './messages.ts'

export interface EditingProps {
  readonly label: string
  /** Another one: another editor. */
  readonly name: string
  /** What it begins with: from then on, the editor's own text counts. */
  readonly text: string
  readonly findings: readonly Finding[]
  readonly colors: readonly Color[]
  /** Where the cursor goes. */
  readonly target: { readonly line: number; readonly column: number } | undefined
  readonly author: Author
  readonly changed: (text: string) => void
  readonly run: () => void
}

export function Editing({ label, name, text, findings, colors, target, author, changed, run }: EditingProps) {
  const place = useRef<HTMLDivElement>(null)
  const [editor, setEditor] = useState<Editor | undefined>()
  const latest = useRef({ text, author, changed, run })
  latest.current = { text, author, changed, run }
  useEffect(() => {
    let isOver = false
    let made: Editor | undefined
    void import('./editor.ts').then(({ Editor }) => {
      if (isOver || !place.current) return
      made = new Editor(place.current, {
        ...{ label, text: latest.current.text },
        author: {
          complete: (text, offset) => latest.current.author.complete(text, offset),
          doc: async (...args) => latest.current.author.doc?.(...args),
          hover: async offset => latest.current.author.hover?.(offset),
        },
        changed: text => latest.current.changed(text),
        run: () => latest.current.run(),
      })
      setEditor(made)
    })
    return () => {
      isOver = true
      made?.close()
      setEditor(undefined)
    }
  }, [name])
  useEffect(() => {
    if (editor) editor.findings = findings
  }, [editor, findings])
  useEffect(() => {
    if (editor) editor.colors = colors
  }, [editor, colors])
  useEffect(() => {
    if (target) editor?.goTo(target.line, target.column)
  }, [editor, target])
  return <div class="editor" ref={place} />
}
