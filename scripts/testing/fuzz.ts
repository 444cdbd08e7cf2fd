/** The number and seed of a fuzz test's inputs, set by `npm run fuzz`. By default few; fast-check varies them each time. */

/** @param usual how many without FALC_FUZZ_RUNS */
export const fuzzRuns = (usual: number): number => Number(process.env.FALC_FUZZ_RUNS ?? usual)

/** The timeout of a fuzz test in milliseconds: none if FALC_FUZZ_RUNS is set. Each input has its own deadline. */
export const FUZZ_TIMEOUT: number = process.env.FALC_FUZZ_RUNS === undefined ? 600_000 : 0

/** FALC_FUZZ_SEED: the first input's number, or what fast-check starts from. */
export const FUZZ_SEED = process.env.FALC_FUZZ_SEED === undefined ? undefined : Number(process.env.FALC_FUZZ_SEED)

/** Parameters of `fc.assert`. */
export const fuzzed = (usual: number): { numRuns: number; seed?: number } => ({
  numRuns: fuzzRuns(usual),
  ...(FUZZ_SEED !== undefined && { seed: FUZZ_SEED }),
})
