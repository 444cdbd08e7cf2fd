import { readFileSync } from 'node:fs'
import { Engine } from '@falc/engine'
import { type Condition, type Operand, parseCondition, walk, walkOperands } from '@falc/engine/analysis'
import { describe, expect, test } from 'vitest'
import { readCases } from '../../../scripts/testing/cases.ts'
import { k8sAudit } from '../../sources-k8saudit/src/index.ts'
import { syscall } from '../../sources-syscall/src/index.ts'
import { ConditionScan } from '../src/document/condition.ts'
import { itemsOf, mapItems, pairsIn, wordsIn } from '../src/document/outline.ts'
import { RulesDocument } from '../src/document/rules-document.ts'
import { templateTokens } from '../src/document/template.ts'

const LIBRARY = ['syscall.yaml', 'k8s_audit.yaml'].map(name => ({
  name,
  content: readFileSync(new URL(`../../../rules/${name}`, import.meta.url), 'utf8'),
}))

const scan = (text: string) => new ConditionScan(text, { from: 0, to: text.length }).tokens

describe.each(LIBRARY)('$name', file => {
  const document = new RulesDocument(file.content)
  const conditions = document.parts.flatMap(({ kind, range }) =>
    kind === 'condition' ? [file.content.slice(range.from, range.to)] : [],
  )

  test('the outline has the same items as the loader, at the same offsets', () => {
    const { files } = new Engine({ sources: [syscall(), k8sAudit()] }).analyse([file])
    const loaded = files[0]!.items.flatMap(item =>
      'context' in item && 'name' in item ? [{ name: item.name, from: item.context.place.offset }] : [],
    )
    expect(loaded.length).toBeGreaterThan(10)
    expect(document.items.map(({ name, entries }) => ({ name: name.text, from: entries[0]!.key.from }))).toEqual(loaded)
  })

  test('the scan of a condition finds the words that the parser reads', () => {
    expect(conditions.length).toBeGreaterThan(10)
    for (const text of conditions) expect(wordsOf(text), text).toEqual(parsedWords(parseCondition(text)))
  })

  test('the scan of a truncated condition finds the same words up to the last one', () => {
    for (const text of conditions) {
      const whole = scan(text)
      for (let cut = 0; cut < text.length; cut += 7) {
        const part = scan(text.slice(0, cut)).slice(0, -1)
        expect(part).toEqual(whole.slice(0, part.length))
      }
    }
  })
})

/** Fields, macros and values with their offsets, in the order of the text. */
function wordsOf(text: string): string[] {
  return scan(text)
    .filter(({ kind }) => kind === 'field' || kind === 'macro' || kind === 'value')
    .map(({ kind, from }) => `${from} ${kind}`)
}

function parsedWords(condition: Condition): string[] {
  const words: { at: number; kind: string }[] = []
  const operand = (one: Operand) => {
    if (one.kind !== 'transform') words.push({ at: one.span!.offset, kind: one.kind === 'field' ? 'field' : 'value' })
  }
  walk(condition, node => {
    if (node.kind === 'macro') words.push({ at: node.span!.offset, kind: 'macro' })
    else if (node.kind === 'check') walkOperands(node, operand)
  })
  return words.sort((a, b) => a.at - b.at).map(({ at, kind }) => `${at} ${kind}`)
}

/** `kind:text`, in the order of the text. */
const shown = (tokens: readonly { readonly kind: string; readonly text: string }[]) =>
  tokens.map(({ kind, text }) => `${kind}:${text}`).join(' ')

const READERS: Readonly<Record<string, (text: string) => string>> = {
  condition: text => shown(scan(text)),
  expected: text => JSON.stringify(new ConditionScan(text, { from: 0, to: text.length }).expected),
  output: text => shown(templateTokens(text, { from: 0, to: text.length })),
  words: text =>
    wordsIn(text, { from: 0, to: text.length })
      .map(word => word.text)
      .join(' | '),
  pairs: text =>
    pairsIn(text, { from: 0, to: text.length })
      .map(({ key, value }) => `${key.text}=${value.text}`)
      .join(' '),
  items: text =>
    itemsOf(text)
      .map(({ kind, name, entries }) => `${kind} ${name.text}: ${entries.map(({ key }) => key.text).join(' ')}`)
      .join('\n'),
  maps: text =>
    mapItems(text)
      .map(({ entries }) =>
        entries.map(({ key, value }) => `${key.text}=${JSON.stringify(text.slice(value.from, value.to))}`).join(' '),
      )
      .join('\n'),
}

describe.each(readCases(new URL('./cases/document/', import.meta.url)))('$file', ({ cases }) => {
  test.each(cases)('$title', one => {
    for (const [section, read] of Object.entries(READERS)) {
      if (one.sections.has(`${section}: rows`)) one.expectRows(`${section}: rows`, read)
      if (one.sections.has(section)) one.expect('found', read(one.text(section)))
    }
  })
})

test.each(['a', ' ', '\n', '-', ',', '{', '"', "'", '#', ' #', '\n- {'])(
  'a file with an open brace and a million characters of %j is read in linear time',
  fragment => {
    // Each of these took hours when every character caused a scan of all that follow.
    const document = new RulesDocument(`- {${fragment.repeat(1_000_000 / fragment.length)}`)
    expect([document.hasRules, document.parts, document.uses.size]).toEqual([false, [], 0])
  },
)
