import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { LiveError } from '@falc/sources-syscall'
import { afterAll, expect, test } from 'vitest'
import { unableToCapture } from '../src/machine/unable-to-capture.ts'

const root = mkdtempSync(join(tmpdir(), 'falc-unable-'))
afterAll(() => rmSync(root, { recursive: true }))

function machine(name: string, files: Readonly<Record<string, string>>) {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, name, path)), { recursive: true })
    writeFileSync(join(root, name, path), text)
  }
  return { root: join(root, name), release: '6.1.0', platform: 'linux' }
}

const ROOT = { 'proc/self/status': 'CapEff:\t000001ffffffffff\n' }
const BTF = { 'sys/kernel/btf/vmlinux': 'x' }

test.each([
  [
    'an ordinary user',
    machine('user', { ...BTF, 'proc/self/status': 'CapEff:\t0000000000000000\n' }),
    new LiveError('sidecar', 'no ring of 8388608 bytes: Operation not permitted'),
    'Unable to capture system calls live: this process lacks CAP_BPF, CAP_PERFMON, CAP_SYS_PTRACE: run as root (sudo falc …), or use the service: falc run --probe-socket /run/falc/probe.sock (no ring of 8388608 bytes: Operation not permitted)',
  ],
  [
    'a kernel without BTF',
    machine('btf', ROOT),
    new LiveError('sidecar', 'No such process'),
    'Unable to capture system calls live: /sys/kernel/btf/vmlinux does not exist: boot a kernel built with CONFIG_DEBUG_INFO_BTF=y (No such process)',
  ],
  [
    'a machine that lacks nothing',
    machine('good', { ...ROOT, ...BTF }),
    new LiveError('sidecar', 'the sidecar has ended'),
    'Unable to capture system calls live: the sidecar has ended',
  ],
])('%s: the error names the cause, if one is found', (_, facts, error, message) => {
  expect((unableToCapture(error, false, facts) as Error).message).toBe(message)
})
