/**
 * The libraries that are linked into the sidecar falc-probe (native/Makefile): Debian's packages, their licences and the texts
 * of these. The sidecar is static, so the package of a platform carries all of them.
 */
import { execFileSync } from 'node:child_process'
import { existsSync, globSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'

export interface Linked {
  readonly name: string
  /** Debian's package that it is linked from. */
  readonly package: string
  /** An SPDX expression. */
  readonly license: string
  /** Files of /usr/share/common-licenses that Debian's text refers to. */
  readonly common: readonly string[]
}

export const LINKED: readonly Linked[] = [
  { name: 'libbpf', package: 'libbpf-dev', license: 'LGPL-2.1-only OR BSD-2-Clause', common: ['LGPL-2.1'] },
  {
    name: 'libelf',
    package: 'libelf-dev',
    license: 'GPL-2.0-or-later OR LGPL-3.0-or-later',
    common: ['GPL-2', 'GPL-3', 'LGPL-3'],
  },
  { name: 'zlib', package: 'zlib1g-dev', license: 'Zlib', common: [] },
  { name: 'zstd', package: 'libzstd-dev', license: 'BSD-3-Clause OR GPL-2.0-only', common: ['GPL-2'] },
  { name: 'glibc', package: 'libc6-dev', license: 'LGPL-2.1-or-later', common: ['LGPL-2.1'] },
  {
    name: 'libgcc',
    package: 'libgcc-DEV',
    license: 'GPL-3.0-or-later WITH GCC-exception-3.1',
    common: ['GPL-3'],
  },
]

/** The names by which the Makefile links them; glibc and libgcc come with the compiler. */
export const FLAGS: Readonly<Record<string, string>> = {
  '-lbpf': 'libbpf',
  '-lelf': 'libelf',
  '-lz': 'zlib',
  '-lzstd': 'zstd',
}

/** The installed package of a library. libgcc's has the version of the compiler in its name. */
export function packageOf(library: Linked, root = '/'): string {
  if (library.package !== 'libgcc-DEV') return library.package
  // Files of another architecture have one, which need not be that of this machine's compiler.
  const foreign = root === '/' ? [] : globSync(join(root, 'usr/share/doc/libgcc-*-dev'))
  if (foreign.length > 0) return basename(foreign[0]!)
  const major = execFileSync('cc', ['-dumpversion'], { encoding: 'utf8' }).trim().split('.')[0]
  return `libgcc-${major}-dev`
}

/** undefined: it is not installed, or this is not Debian. */
export function versionOf(name: string): string | undefined {
  try {
    return execFileSync('dpkg-query', ['-W', `-f=\${Version}`, name], { encoding: 'utf8', stdio: 'pipe' }) || undefined
  } catch {
    return undefined
  }
}

/**
 * The notices of all of them, as the package of a platform needs them.
 * @param root of the system that they were linked from
 * @throws {Error} for a library without its licence's text: it may not be packed
 */
export function linkedNotices(root = '/'): string {
  const texts = new Map<string, string>()
  const notices = LINKED.map(library => {
    const name = packageOf(library, root)
    const folder = join(root, 'usr/share/doc', name)
    // libgcc's folder is a link to its base package's.
    const path = join(folder, 'copyright')
    if (!existsSync(path)) throw new Error(`${library.name}: ${path} is missing`)
    for (const common of library.common) {
      const file = join('/usr/share/common-licenses', common)
      if (!existsSync(file)) throw new Error(`${library.name}: ${file} is missing`)
      texts.set(common, readFileSync(file, 'utf8').trim())
    }
    const version = versionOf(name)
    return `${library.name}${version ? ` ${version}` : ''} (${library.license})\n\n${readFileSync(path, 'utf8').trim()}\n`
  })
  const line = '='.repeat(78)
  const licences = [...texts].sort().map(([name, text]) => `${name}\n\n${text}\n`)
  return `falc-probe is linked statically with these libraries. To link it with others, build it from the source of this version: sh scripts/native.sh\n\n${[...notices, ...licences].map(text => `${line}\n${text}`).join('\n')}`
}
