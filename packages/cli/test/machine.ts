import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

export const NATIVE = fileURLToPath(new URL('../../sources-syscall/native/.output', import.meta.url))

/** Why nothing can be captured live here; undefined = it can. @throws {Error} instead, when FALC_REQUIRE asks for live tests */
export function noLive(): string | undefined {
  const reason = why()
  if (reason === undefined) return undefined
  if ((process.env.FALC_REQUIRE ?? '').split(',').includes('live')) throw new Error(`FALC_REQUIRE=live, but ${reason}`)
  console.warn(`skipped: ${reason}`)
  return reason
}

function why(): string | undefined {
  if (process.platform !== 'linux') return 'live tests need Linux'
  if (process.getuid?.() !== 0) return 'live tests need root'
  if (!existsSync('/sys/kernel/btf/vmlinux')) return 'this kernel has no BTF'
  if (!existsSync(`${NATIVE}/falc.node`)) return 'the native parts are not built: pnpm build:native'
  return undefined
}
