/**
 * An image reference without its tag and digest: `registry.io:5000/team/app:1.2@sha256:…` → `registry.io:5000/team/app`.
 * A colon before the last slash belongs to the registry's port.
 */
export function repositoryOf(image: string): string {
  const at = image.indexOf('@')
  const name = at < 0 ? image : image.slice(0, at)
  const colon = name.indexOf(':', name.lastIndexOf('/') + 1)
  return colon < 0 ? name : name.slice(0, colon)
}
