/** The installed files and their paths: one table for deb, rpm, tarball and image, and for the check that a purge leaves nothing behind. */

export interface Place {
  /** Absolute; a folder's contents go below it when `from` is a folder. */
  readonly to: string
  /** Below the checkout's root. */
  readonly from?: string
  /** Made by stage.ts. Neither this nor `from`: an empty folder. */
  readonly made?: Made
  /** Default: 0o644. */
  readonly mode?: number
  /** Users edit it: upgrades leave it alone. */
  readonly config?: true
  /** Symbols and debug information are removed. */
  readonly strip?: true
  readonly compress?: true
}

/** A file of the tree. Folders are those of files, and the empty ones. */
export interface Staged {
  /** Absolute, as installed. */
  readonly path: string
  readonly mode: number
  readonly config: boolean
}

/** The architectures of packages, and what Debian, Fedora and GNU's tools call them. */
export const ARCHITECTURES = {
  x64: { debian: 'amd64', fedora: 'x86_64', gnu: 'x86_64-linux-gnu' },
  arm64: { debian: 'arm64', fedora: 'aarch64', gnu: 'aarch64-linux-gnu' },
} as const
export type Architecture = keyof typeof ARCHITECTURES

/** @throws {Error} */
export function architecture(name: string): Architecture {
  if (Object.hasOwn(ARCHITECTURES, name)) return name as Architecture
  throw new Error(`there are no packages for ${name}`)
}

/** Texts that are not files of the checkout. */
export type Made = 'linked-notices' | 'changelog' | 'bash' | 'zsh' | 'fish' | 'manual'

/** Of this machine's architecture; another's are in a folder of its name below, its Node among them. */
export const NATIVE = 'packages/sources-syscall/native/.output'
export const NODE = 'node_modules/node/bin/node'
const LIB = '/usr/lib/falc'
const DOC = '/usr/share/doc/falc'

export const PLACES: readonly Place[] = [
  { to: '/usr/bin/falc', from: 'deploy/config/falc', mode: 0o755 },

  // The engine.
  { to: `${LIB}/node`, from: NODE, mode: 0o755, strip: true },
  { to: `${LIB}/package.json`, from: 'packages/cli/package.json' },
  { to: `${LIB}/bundle`, from: 'packages/cli/bundle' },
  // The native parts.
  { to: `${LIB}/falc-probe`, from: `${NATIVE}/falc-probe`, mode: 0o755, strip: true },
  { to: `${LIB}/falc-signal`, from: `${NATIVE}/falc-signal`, mode: 0o755, strip: true },
  { to: `${LIB}/falc.node`, from: `${NATIVE}/falc.node`, strip: true },

  { to: `${LIB}/restart`, from: 'deploy/config/restart', mode: 0o755 },

  { to: '/usr/share/falc/rules/syscall.yaml', from: 'rules/syscall.yaml' },
  { to: '/usr/share/falc/rules/k8s_audit.yaml', from: 'rules/k8s_audit.yaml' },

  { to: '/etc/falc/falco.yaml', from: 'deploy/config/falco.yaml', config: true },
  { to: '/etc/falc/rules.d/local.yaml', from: 'deploy/config/local.yaml', config: true },
  { to: '/etc/falc/config.d' },
  { to: '/etc/logrotate.d/falc', from: 'deploy/config/logrotate', config: true },

  { to: '/usr/lib/systemd/system/falc.service', from: 'deploy/systemd/falc.service' },
  { to: '/usr/lib/systemd/system/falc-probe.service', from: 'deploy/systemd/falc-probe.service' },
  { to: '/etc/apparmor.d/falc', from: 'deploy/apparmor/falc', config: true },
  { to: '/usr/lib/sysusers.d/falc.conf', from: 'deploy/systemd/falc.sysusers.conf' },
  { to: '/usr/lib/tmpfiles.d/falc.conf', from: 'deploy/systemd/falc.tmpfiles.conf' },

  { to: '/usr/share/man/man1', made: 'manual', compress: true },
  { to: '/usr/share/bash-completion/completions/falc', made: 'bash' },
  { to: '/usr/share/zsh/vendor-completions/_falc', made: 'zsh' },
  { to: '/usr/share/fish/vendor_completions.d/falc.fish', made: 'fish' },

  { to: '/usr/share/lintian/overrides/falc', from: 'deploy/debian/lintian-overrides' },
  { to: `${DOC}/copyright`, from: 'deploy/debian/copyright' },
  { to: `${DOC}/changelog.gz`, made: 'changelog', compress: true },
  { to: `${DOC}/CHANGELOG.md.gz`, from: 'CHANGELOG.md', compress: true },
  { to: `${DOC}/install.md`, from: 'docs/install.md' },
  { to: `${DOC}/NOTICES-node.txt.gz`, from: 'deploy/config/node-LICENSE.txt', compress: true },
  { to: `${DOC}/NOTICES-probe.txt.gz`, made: 'linked-notices', compress: true },
]

/** What falc writes when it runs: a purge removes it. */
export const STATE: readonly string[] = ['/var/log/falc', '/var/lib/falc', '/var/cache/falc']
