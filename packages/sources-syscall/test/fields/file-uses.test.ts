/** A field that reads descriptors of files must be listed: otherwise the kernel may leave these descriptors out. */
import { expect, test } from 'vitest'
import { partsRead } from '../../src/demand/fields-read.ts'
import { FILE_USES, readsFilesOfProcess } from '../../src/fields/file-uses.ts'
import { SYSCALL_FIELDS } from '../../src/fields/index.ts'

/** Fields that read descriptors, but never that of a file which another event has opened. */
const OF_OTHERS: readonly (readonly [RegExp, string])[] = [
  [/^proc\.cwd$/, 'the kernel says which directory that is'],
  [/^proc\.(\w+\.)?[pa]?exepath$/, 'the kernel says which file is run'],
  [/^evt\.res$/, 'the name of an error'],
]

test('every field that reads descriptors is listed, or excepted here', () => {
  const forgotten = Object.entries(SYSCALL_FIELDS).filter(([name, { removed, deprecated }]) => {
    if (removed === true || deprecated === true) return false
    const field = { name, arg: undefined }
    return (
      partsRead(field).includes('descriptors') &&
      !FILE_USES.reads!(name, undefined, false) &&
      !readsFilesOfProcess(field) &&
      !OF_OTHERS.some(([pattern]) => pattern.test(name))
    )
  })
  expect(forgotten.map(([name]) => name)).toEqual([])
})
