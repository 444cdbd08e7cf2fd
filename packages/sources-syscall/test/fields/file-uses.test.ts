/** A field that reads descriptors asks for those of files, which the kernel leaves out otherwise: a new one must be listed. */
import { expect, test } from 'vitest'
import { partsRead } from '../../src/demand/fields-read.ts'
import { FILE_USES, readsFilesOfProcess } from '../../src/fields/file-uses.ts'
import { SYSCALL_FIELDS } from '../../src/fields/index.ts'

/** They read descriptors, but never need that of a file which another event has opened. */
const OF_OTHERS: readonly (readonly [RegExp, string])[] = [
  [/^(evt\.is_syslog|syslog\..*)$/, 'messages to the system log go to a socket'],
  [/^proc\.cwd$/, 'the kernel says which directory that is'],
  [/^proc\.(\w+\.)?[pa]?exepath$/, 'the kernel says which file is run'],
  [/^evt\.res$/, 'the name of an error'],
]

test('every field that reads descriptors', () => {
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
