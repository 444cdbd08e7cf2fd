import { expect, test } from 'vitest'
import { MappedText, MappedTextBuilder } from '../../src/text/mapped.ts'
import { snippet } from '../../src/text/snippet.ts'
import { SourceText } from '../../src/text/source.ts'

const source = new SourceText('a.yaml', 'first line\nsecond line\r\nthird line\n')

test('places count lines and columns from 1, whatever the line ending', () => {
  const at = (offset: number) => {
    const { line, column } = source.place(offset)
    return [line, column]
  }
  expect([at(0), at(9), at(11), at(24), at(99)]).toEqual([
    [1, 1],
    [1, 10],
    [2, 1],
    [3, 1],
    [4, 1],
  ])
  expect([source.line(1), source.line(2), source.line(3), source.line(9)]).toEqual([
    'first line',
    'second line',
    'third line',
    '',
  ])
})

test('pieces keep their places when joined and sliced', () => {
  const whole = MappedText.exact(source.content, source, 0)
  const text = new MappedTextBuilder().add(whole, 0, 5).insert(' and ', whole, 11).add(whole, 11, 17).build()
  expect(text.text).toBe('first and second')
  expect(text.place(10, 6)).toMatchObject({ line: 2, column: 1, length: 6 })
  expect(text.place(0, 16)).toMatchObject({ line: 1, column: 1, length: 17 })
  expect(text.slice(2, 14).text).toBe('rst and seco')
  expect(text.slice(2, 14).place(8, 4)).toMatchObject({ line: 2, column: 1, length: 4 })
  expect(text.slice(12).place(0, 2)).toMatchObject({ line: 2, column: 3, length: 2 })
})

test('a range that runs backwards in the file is cut to its first piece', () => {
  const whole = MappedText.exact(source.content, source, 0)
  const text = new MappedTextBuilder().add(whole, 11, 17).add(whole, 0, 5).build()
  expect(text.place(0, 11)).toMatchObject({ line: 2, column: 1, length: 6 })
})

test('a long line is cut to a window around the place', () => {
  const long = new SourceText('l', `${'a'.repeat(300)}XYZ${'b'.repeat(300)}`)
  const [line, carets] = snippet(long, long.place(300, 3)).split('\n')
  expect(line).toHaveLength(166)
  expect(line!.slice(carets!.indexOf('^'), carets!.length)).toBe('XYZ')
})

test('a snippet keeps tabs and replaces unprintable characters', () => {
  const odd = new SourceText('o', '\tx\u0000\u001by = z')
  expect(snippet(odd, odd.place(2, 1))).toBe('\tx\ufffd\ufffdy = z\n\t ^\n')
})
