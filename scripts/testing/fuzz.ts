/** The number and seed of a fuzz test's inputs, which `npm run fuzz` sets. By default a few, and from fast-check different ones each time. */

/** @param usual how many without FALC_FUZZ_RUNS */
export const fuzzRuns = (usual: number): number => Number(process.env.FALC_FUZZ_RUNS ?? usual)

/** Milliseconds that a fuzz test may take: as long as it likes, when more than a few inputs are wanted. Each input has its own deadline. */
export const FUZZ_TIMEOUT: number = process.env.FALC_FUZZ_RUNS === undefined ? 600_000 : 0

/** FALC_FUZZ_SEED: the first input's number, or what fast-check starts from. */
export const FUZZ_SEED = process.env.FALC_FUZZ_SEED === undefined ? undefined : Number(process.env.FALC_FUZZ_SEED)

/** Parameters of `fc.assert`. */
export const fuzzed = (usual: number): { numRuns: number; seed?: number } => ({
  numRuns: fuzzRuns(usual),
  ...(FUZZ_SEED !== undefined && { seed: FUZZ_SEED }),
})
