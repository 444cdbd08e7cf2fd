/** Every relative link of a page leads to an existing file, and to an existing heading if it names one. */
import { existsSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { expect, test } from 'vitest'
import { anchorsOf, linksOf, ROOT, readPages } from './markdown.ts'

const pages = readPages()
const anchors = new Map(pages.map(page => [page.path, anchorsOf(page)]))

test.each(pages)('$path', page => {
  const broken = linksOf(page).flatMap(({ line, target }) => {
    if (/^[a-z]+:/.test(target)) return []
    const [path = '', anchor] = target.split('#')
    const file = path === '' ? page.path : normalize(join(dirname(page.path), decodeURI(path)))
    if (!existsSync(join(ROOT, file))) return [`${page.path}:${line}: no such file: ${target}`]
    if (anchor === undefined || anchors.get(file)?.has(anchor)) return []
    return [`${page.path}:${line}: no such heading: ${target}`]
  })
  expect(broken).toEqual([])
})
