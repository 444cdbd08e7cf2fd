import { CliError } from '../fail.ts'

/** The address of an artifact, such as `ghcr.io/falcosecurity/rules/falco-rules:5`. */
export interface Reference {
  readonly registry: string
  readonly repository: string
  /** A tag, or a digest: `sha256:…`. */
  readonly version: string
}

const REFERENCE =
  /^(?<registry>(?:[\w.-]+|\[[0-9a-f:]+\])(?::\d{1,5})?)\/(?<repository>[a-z0-9]+(?:[._/-]+[a-z0-9]+)*)(?::(?<tag>\w[\w.-]{0,127})|@(?<digest>sha256:[0-9a-f]{64}))?$/

/** @throws {CliError} */
export function parseReference(text: string): Reference {
  const { registry, repository, tag, digest } = REFERENCE.exec(text)?.groups ?? {}
  if (registry === undefined || repository === undefined)
    throw new CliError(`"${text.slice(0, 200)}" is not REGISTRY/REPOSITORY[:TAG] or …@sha256:…`)
  return { registry, repository, version: digest ?? tag ?? 'latest' }
}

/** The folder of an artifact: the last part of its repository. */
export function nameOf({ repository }: Reference): string {
  return repository.slice(repository.lastIndexOf('/') + 1)
}

export function printReference({ registry, repository, version }: Reference): string {
  return `${registry}/${repository}${version.startsWith('sha256:') ? '@' : ':'}${version}`
}
