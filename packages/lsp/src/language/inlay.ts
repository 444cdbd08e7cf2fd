import { ABSENCES } from '@falc/authoring'
import type { Range } from '../document/outline.ts'
import type { View } from '../workspace/view.ts'

export interface Inlay {
  readonly at: number
  readonly label: string
  readonly doc: string
}

/** Marks checks below `not` that also hold for events without the field. */
export function inlaysOf(view: View, { from, to }: Range): Inlay[] {
  return view.rules.parts.flatMap(({ kind, range, tokens, negated }) => {
    if (kind !== 'condition' || range.to < from || range.from > to) return []
    return [...negated].flatMap(index => {
      const field = tokens[index]!
      const absence = field.kind === 'field' && ABSENCES.find(({ fields }) => fields.test(field.text))
      if (!absence) return []
      const guarded = tokens.some(({ text, kind }, i) => kind === 'field' && text === field.text && !negated.has(i))
      return guarded
        ? []
        : [
            {
              at: field.to,
              label: 'or absent',
              doc: `Below \`not\`, this also holds where \`${field.text}\` is absent: for ${absence.where}.`,
            },
          ]
    })
  })
}
