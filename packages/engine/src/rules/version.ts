/** A version as Falco reads it: `major.minor.patch`, with a pre-release or build part that is not compared. */
export interface Version {
  readonly major: number
  readonly minor: number
  readonly patch: number
}

/** The engine version that this engine answers to required_engine_version. */
export const ENGINE_VERSION: Version = { major: 0, minor: 63, patch: 0 }

const SEMVER = /^(\d{1,10})\.(\d{1,10})\.(\d{1,10})(?:-[0-9A-Za-z.-]+)?(?:\+[0-9A-Za-z.-]+)?$/

export function parseVersion(text: string): Version | undefined {
  const parts = SEMVER.exec(text.trim())
  return parts ? { major: Number(parts[1]), minor: Number(parts[2]), patch: Number(parts[3]) } : undefined
}

export function formatVersion({ major, minor, patch }: Version): string {
  return `${major}.${minor}.${patch}`
}

/** Negative, zero or positive as `a` is before, the same as or after `b`. */
export function compareVersions(a: Version, b: Version): number {
  return a.major - b.major || a.minor - b.minor || a.patch - b.patch
}

/** Whether something of version `have` does for a requirement of `wanted`: same major version, not older. */
export function satisfies(have: Version, wanted: Version): boolean {
  return have.major === wanted.major && compareVersions(have, wanted) >= 0
}
