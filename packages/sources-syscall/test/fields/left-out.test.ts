/** Which descriptors the kernel need not report, by the condition and the output of a rule. */
import { Engine } from '@falc/engine'
import { expect, test } from 'vitest'
import { leftOutBy } from '../../src/live/calls.ts'
import { syscall } from '../../src/source.ts'

const source = syscall()
const files = 'files'
const directories = 'directories'

test.each<[condition: string, output: string, leftOut: readonly string[]]>([
  ['evt.type = fchmod', '%evt.type', [files, directories]],
  ['evt.type = fchmod', '%fd.name', []],
  ['evt.type = fchmod and fd.typechar = f', '%fd.name', [directories]],
  ['evt.type = fchmod and fd.type = directory', '%fd.name', [files]],
  ['evt.type in (dup, dup2, dup3) and fd.typechar in (4, 6)', '%fd.name', [files, directories]],
  ['evt.type = getdents64', '%evt.args', []],
  ['evt.type = openat and fd.name contains x', '%fd.name', [files, directories]],
  ['evt.type = openat', '%evt.arg.dirfd', [files]],
  ['evt.type = openat', '%evt.args', [files]],
  ['evt.type = openat and evt.abspath startswith /etc', '%evt.type', [files]],
  ['evt.type = mkdirat', '%evt.args', [files, directories]],
  ['evt.type = fchdir', '%proc.cwd', [files, directories]],
  ['evt.type = fchdir', '%evt.arg.fd', []],
  ['evt.type = socket', '%fd.types', []],
  ['evt.type = execve', '%proc.fdopencount', []],
  ['evt.type = write and evt.is_syslog = true', '%syslog.message', [directories]],
  ['evt.type = close', '%evt.type', []],
])('%s, %s', (condition, output, leftOut) => {
  const engine = new Engine({ sources: [source] })
  const rule = { rule: 'R', desc: 'd', condition, output, priority: 'INFO' }
  expect(engine.load([{ name: 'r.yaml', content: JSON.stringify([rule]) }]).errors).toEqual([])
  const asked = {
    wanted: engine.wantedTypes(source),
    unmatched: engine.unmatched(source),
    fields: [...engine.fieldsRead(source)],
  }
  const found: Readonly<Record<string, boolean>> = { ...leftOutBy(asked, {}) }
  expect([files, directories].filter(kind => found[kind])).toEqual(leftOut)
})
