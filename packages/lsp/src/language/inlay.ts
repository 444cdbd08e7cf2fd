import type { Range } from '../document/outline.ts'
import type { View } from '../workspace/view.ts'

export interface Inlay {
  readonly at: number
  readonly label: string
  readonly doc: string
}

/** Fields that many events of a source lack: what they are about does not exist in those. */
const OFTEN_ABSENT =
  /^(?:container|k8s|fd|ka\.(?:impuser|response|req|target)|proc\.(?:tty|aname|apid|aexe|aexepath|acmdline)|group|thread\.cgroup|evt\.arg|evt\.rawarg)\b/

/** Marks checks below `not` that also hold for events without the field. */
export function inlaysOf(view: View, { from, to }: Range): Inlay[] {
  return view.rules.parts.flatMap(({ kind, range, tokens, negated }) => {
    if (kind !== 'condition' || range.to < from || range.from > to) return []
    return [...negated].flatMap(index => {
      const field = tokens[index]!
      if (field.kind !== 'field' || !OFTEN_ABSENT.test(field.text)) return []
      const guarded = tokens.some(({ text, kind }, i) => kind === 'field' && text === field.text && !negated.has(i))
      return guarded
        ? []
        : [
            {
              at: field.to,
              label: 'or absent',
              doc: `Below \`not\`, this also holds for events without \`${field.text}\`.`,
            },
          ]
    })
  })
}
