/**
 * Asks the registry for known vulnerabilities of the packages in the lock file. Exits with 0 if there are none, with 1 if there are some,
 * and with 2 if the check failed: not every registry has the endpoint.
 */
import { spawnSync } from 'node:child_process'
import { join, resolve } from 'node:path'

const root = resolve(import.meta.dirname, '..')
const { status, stdout, stderr } = spawnSync('sh', [join(root, 'scripts/pnpm.sh'), 'audit', ...process.argv.slice(2)], {
  cwd: root,
  encoding: 'utf8',
})
const text = `${stdout}${stderr}`
if (/ERR_PNPM_AUDIT_BAD_RESPONSE|ERR_PNPM_AUDIT_ENDPOINT|ENOTFOUND|ECONNREFUSED/.test(text)) {
  const answered = /responded with (\d+)/.exec(text)?.[1]
  const why = answered ? `it answered ${answered}` : 'it cannot be reached'
  console.error(
    `audit: nothing was checked: the registry has no audit endpoint (${why}). Run it where one can be reached`,
  )
  process.exitCode = 2
} else {
  process.stdout.write(stdout)
  process.stderr.write(stderr)
  process.exitCode = status ?? 2
}
