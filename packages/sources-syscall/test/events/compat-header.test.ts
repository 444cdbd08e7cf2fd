import { existsSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { compatHeader, counterpart, IA32_SYSCALLS, X32_SYSCALLS } from '../../scripts/compat-header.ts'

const HEADERS = '/usr/include/x86_64-linux-gnu/asm'

test('the generated header is up to date', () => {
  const file = new URL('../../native/sidecar/compat.gen.h', import.meta.url)
  expect(readFileSync(file, 'utf8')).toBe(compatHeader())
})

test.skipIf(!existsSync(HEADERS))('the numbers are those of asm/unistd_32.h and unistd_x32.h', () => {
  const numbers = (name: string, row: RegExp): [number, string][] =>
    [...readFileSync(`${HEADERS}/${name}`, 'utf8').matchAll(row)].map(([, name, number]) => [Number(number), name!])
  const ia32 = numbers('unistd_32.h', /__NR_(\w+) (\d+)/g)
  expect([...IA32_SYSCALLS]).toEqual(ia32.filter(([number]) => number < 424))
  const x32 = numbers('unistd_x32.h', /__NR_(\w+) \(__X32_SYSCALL_BIT \+ (\d+)\)/g)
  expect([...X32_SYSCALLS]).toEqual(x32.filter(([number]) => number >= 512))
})

test.each([
  ['open', 2],
  ['stat64', 4],
  ['mmap2', 9],
  ['setresuid32', 117],
  ['ppoll_time64', 271],
  ['clock_gettime64', 228],
  ['pread64', 17],
  ['getdents64', 217],
  ['socketcall', -1],
  ['vm86', -1],
])('%s is %i on x86-64', (name, number) => {
  expect(counterpart(name)).toBe(number)
})
