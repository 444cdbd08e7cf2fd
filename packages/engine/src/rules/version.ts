/** A version as Falco reads it: `major.minor.patch`, pre-release and build parts are ignored. */
export interface Version {
  readonly major: number
  readonly minor: number
  readonly patch: number
}

/** The engine version that required_engine_version is compared with. */
export const ENGINE_VERSION: Version = { major: 0, minor: 63, patch: 0 }

const SEMVER = /^(\d{1,10})\.(\d{1,10})\.(\d{1,10})(?:-[0-9A-Za-z.-]+)?(?:\+[0-9A-Za-z.-]+)?$/

export function parseVersion(text: string): Version | undefined {
  const parts = SEMVER.exec(text.trim())
  return parts ? { major: Number(parts[1]), minor: Number(parts[2]), patch: Number(parts[3]) } : undefined
}

export function formatVersion({ major, minor, patch }: Version): string {
  return `${major}.${minor}.${patch}`
}

/** Negative, zero or positive if `a` is before, equal to or after `b`. */
export function compareVersions(a: Version, b: Version): number {
  return a.major - b.major || a.minor - b.minor || a.patch - b.patch
}

/** Whether version `have` satisfies a requirement of `wanted`: same major version, not older. */
export function satisfies(have: Version, wanted: Version): boolean {
  return have.major === wanted.major && compareVersions(have, wanted) >= 0
}
