import type { Finding } from '@falc/authoring'
import type { View } from '../workspace/view.ts'

/** Drops findings that later files refute: a list that the next file uses is not unused. */
export function wanted(view: View, findings: readonly Finding[]): Finding[] {
  return findings.filter(({ code, place: { offset } }) => {
    const kind = code === 'LOAD_UNUSED_MACRO' ? 'macro' : code === 'LOAD_UNUSED_LIST' ? 'list' : undefined
    const item = kind && view.rules.itemAt(offset)
    return !item || view.references(item.kind, item.name.text, false).length === 0
  })
}

/** Findings after `[from, to)` has been replaced with a text of `length`: those behind it move, those in it are out of date. */
export function shifted(findings: readonly Finding[], from: number, to: number, length: number): Finding[] {
  return findings.flatMap(finding => {
    const { place } = finding
    if (place.offset + place.length < from) return [finding]
    if (place.offset < to || place.offset === from) return []
    const move = length - (to - from)
    return [{ ...finding, fix: undefined, place: { ...place, offset: place.offset + move } }]
  })
}
