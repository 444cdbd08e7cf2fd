import { accessSync, constants, readFileSync } from 'node:fs'
import { release } from 'node:os'
import { type Finding, found, missing, optional } from './finding.ts'

/** What is known about the machine. `root` is the folder below which its files are read; tests use another one. */
export interface Facts {
  readonly root: string
  readonly release: string
  readonly platform: string
}

export function facts(root = ''): Facts {
  return { root, release: release(), platform: process.platform }
}

/** The first kernel with BPF ring buffers and with tracing programs that read kernel structures. */
const OLDEST = [5, 8] as const

const BIT = { sysPtrace: 19, sysAdmin: 21, sysResource: 24, perfmon: 38, bpf: 39 } as const

export function kernelFindings(facts: Facts): Finding[] {
  if (facts.platform !== 'linux') {
    return [missing('kernel', `${facts.platform}: live capture needs Linux`, 'replay captures here: falc run -e FILE')]
  }
  return [version(facts), types(facts), lockdown(facts), rights(facts), memlock(facts), ioUring(facts)]
}

function version({ release }: Facts): Finding {
  const [major = 0, minor = 0] = release.split('.').map(Number)
  const enough = major > OLDEST[0] || (major === OLDEST[0] && minor >= OLDEST[1])
  return enough
    ? found('kernel', release)
    : missing('kernel', `${release} is older than ${OLDEST.join('.')}`, 'boot a kernel of 5.8 or newer')
}

function types({ root }: Facts): Finding {
  const path = '/sys/kernel/btf/vmlinux'
  try {
    accessSync(root + path, constants.R_OK)
    return found('kernel types (BTF)', path)
  } catch {
    return missing('kernel types (BTF)', `${path} does not exist`, 'boot a kernel built with CONFIG_DEBUG_INFO_BTF=y')
  }
}

function lockdown({ root }: Facts): Finding {
  const text = read(`${root}/sys/kernel/security/lockdown`)
  if (text === undefined) return found('lockdown', 'not in this kernel')
  const mode = /\[(\w+)\]/.exec(text)?.[1] ?? 'none'
  return mode === 'confidentiality'
    ? missing('lockdown', 'confidentiality: programs may not read the kernel', 'boot with lockdown=integrity or none')
    : found('lockdown', mode)
}

/** Capabilities of this process. An engine that uses the sidecar service needs none. */
function rights({ root }: Facts): Finding {
  const hex = /^CapEff:\s*([0-9a-f]+)/m.exec(read(`${root}/proc/self/status`) ?? '')?.[1] ?? '0'
  const has = (bit: number) => ((BigInt(`0x${hex}`) >> BigInt(bit)) & 1n) === 1n
  const load = has(BIT.sysAdmin) || (has(BIT.bpf) && has(BIT.perfmon))
  const lacking = [...(load ? [] : ['CAP_BPF', 'CAP_PERFMON']), ...(has(BIT.sysPtrace) ? [] : ['CAP_SYS_PTRACE'])]
  if (lacking.length === 0) return found('rights', load && has(BIT.sysAdmin) ? 'CAP_SYS_ADMIN' : 'CAP_BPF, CAP_PERFMON')
  return missing(
    'rights',
    `this process lacks ${lacking.join(', ')}`,
    'run as root (sudo falc …), or use the service: falc run --probe-socket /run/falc/probe.sock',
  )
}

/** Kernels before 5.11 count rings as locked memory. */
function memlock({ root, release }: Facts): Finding {
  const [major = 0, minor = 0] = release.split('.').map(Number)
  if (major > 5 || (major === 5 && minor >= 11)) return found('locked memory', 'not limited for BPF since Linux 5.11')
  const limit = /^Max locked memory\s+(\S+)/m.exec(read(`${root}/proc/self/limits`) ?? '')?.[1]
  if (limit === 'unlimited') return found('locked memory', 'unlimited')
  return optional('locked memory', `limited to ${limit ?? 'an unknown number of'} bytes`, 'ulimit -l unlimited')
}

/** Requests submitted to an io_uring are not system calls. */
function ioUring({ root }: Facts): Finding {
  const name = 'io_uring'
  const setting = read(`${root}/proc/sys/kernel/io_uring_disabled`)?.trim()
  if (setting === '2') return found(name, 'disabled')
  if (setting === '1') return found(name, 'only for processes with CAP_SYS_ADMIN and one group')
  return optional(
    name,
    'open to all users: the requests of a program that uses it are counted, but not seen by rules',
    setting === undefined
      ? 'enable the rule "Program Uses io_uring", or block the calls by seccomp, as container engines do'
      : 'sysctl kernel.io_uring_disabled=1, or enable the rule "Program Uses io_uring"',
  )
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}
