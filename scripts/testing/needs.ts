/** The requirements of tests beyond Node, which FALC_REQUIRE lists, separated by commas. */
export const NEEDS = ['browser', 'live', 'network', 'peers', 'promtool', 'systemd'] as const
export type Need = (typeof NEEDS)[number]

const required = (process.env.FALC_REQUIRE ?? '').split(',').filter(Boolean)
const unknown = required.filter(name => !NEEDS.includes(name as Need))
if (unknown.length > 0) throw new Error(`FALC_REQUIRE: ${unknown.join(', ')} is not one of ${NEEDS.join(', ')}`)

/**
 * Prints one line with the reason why tests are skipped.
 * @param reason why they cannot run here, undefined when they can
 * @returns the reason
 * @throws {Error} instead, when FALC_REQUIRE requires them
 */
export function skipped(need: Need, reason: string | undefined): string | undefined {
  if (reason === undefined) return undefined
  if (required.includes(need)) throw new Error(`FALC_REQUIRE=${need}, but ${reason}`)
  console.warn(`skipped: ${reason}`)
  return reason
}
