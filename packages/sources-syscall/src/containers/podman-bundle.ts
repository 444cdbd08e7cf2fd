/**
 * The OCI specification that podman passes to runc: config.json in the container's folder, present from before its first process
 * until the container is removed. podman does not answer while it starts a container, and a short-lived one is gone when it does.
 */
import { constants } from 'node:fs'
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { Answer, type ContainerDescription } from './description.ts'
import type { SocketClient } from './http.ts'
import { boundMounts, sharedNamespaces } from './oci-spec.ts'

/** Maximum length of a specification in bytes; typically a few thousand. */
const MAX_LENGTH = 1 << 20
/** Do not block on a pipe and do not follow a link: the path comes from podman, but the file must be the one passed to runc. */
const FLAGS = constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW | constants.O_NOCTTY
/** Timeout in milliseconds for podman's info request. */
const TIMEOUT = 10_000

/** Reads specifications from the folders of podman's containers. */
export class PodmanBundles {
  readonly #client: SocketClient
  readonly #root: string
  #folder: Promise<string | undefined> | undefined

  /** @param root where the host's files are mounted */
  constructor(client: SocketClient, root: string) {
    this.#client = client
    this.#root = root
  }

  /** Asks podman once where it stores its containers, early enough for the first one. undefined = podman does not say. */
  locate(): Promise<string | undefined> {
    this.#folder ??= this.#ask().catch(() => {
      this.#folder = undefined
      return undefined
    })
    return this.#folder
  }

  /** Returns undefined if the specification can't be read: the container is gone, access is denied, or it is on another machine. */
  async read(id: string): Promise<Partial<ContainerDescription> | undefined> {
    const folder = await this.locate()
    if (folder === undefined || !/^[0-9a-f]+$/.test(id)) return undefined
    try {
      const file = await open(join(folder, id, 'userdata/config.json'), FLAGS)
      try {
        const stat = await file.stat()
        if (!stat.isFile() || stat.uid !== 0 || stat.size > MAX_LENGTH) return undefined
        return described(new Answer(JSON.parse(await file.readFile('utf8'))), id)
      } finally {
        await file.close()
      }
    } catch {
      return undefined
    }
  }

  /** @throws {LookupError} */
  async #ask(): Promise<string | undefined> {
    const info = new Answer(await this.#client.get('/v4.0.0/libpod/info', AbortSignal.timeout(TIMEOUT)))
    const folder = info.text('store', 'graphRoot')
    return folder === '' ? undefined : join(this.#root, folder, `${info.text('store', 'graphDriverName')}-containers`)
  }
}

function described(spec: Answer, id: string): Partial<ContainerDescription> {
  return {
    env: spec.texts('process', 'env'),
    privileged: spec.text('annotations', 'io.podman.annotations.privileged') === 'TRUE',
    ...sharedNamespaces(spec),
    // podman keeps its own files for /etc/hosts and the like in the container's folder.
    Mounts: boundMounts(spec).filter(({ Source }) => !Source.includes(`/${id}/`)),
  }
}
