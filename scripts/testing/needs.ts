/** What a test may need of the machine beyond Node; FALC_REQUIRE lists them, separated by commas. */
export type Need = 'browser' | 'live' | 'peers' | 'promtool' | 'systemd'

/**
 * Says in one line why tests are skipped.
 * @param reason why they cannot run here, undefined when they can
 * @returns the reason
 * @throws {Error} instead, when FALC_REQUIRE asks for them
 */
export function skipped(need: Need, reason: string | undefined): string | undefined {
  if (reason === undefined) return undefined
  if ((process.env.FALC_REQUIRE ?? '').split(',').includes(need)) throw new Error(`FALC_REQUIRE=${need}, but ${reason}`)
  console.warn(`skipped: ${reason}`)
  return reason
}
