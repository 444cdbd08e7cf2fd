import { existsSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { compatHeader, counterpart, IA32_SYSCALLS } from '../../scripts/compat-header.ts'

const HEADER = '/usr/include/x86_64-linux-gnu/asm/unistd_32.h'

test('the generated header is up to date', () => {
  const file = new URL('../../native/sidecar/compat.gen.h', import.meta.url)
  expect(readFileSync(file, 'utf8')).toBe(compatHeader())
})

test.skipIf(!existsSync(HEADER))('the numbers are those of asm/unistd_32.h', () => {
  const numbers = [...readFileSync(HEADER, 'utf8').matchAll(/__NR_(\w+) (\d+)/g)].map(([, name, number]) => [
    Number(number),
    name,
  ])
  expect([...IA32_SYSCALLS]).toEqual(numbers.filter(([number]) => (number as number) < 424))
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
