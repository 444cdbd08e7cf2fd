/**
 * What podman gives runc of a container: config.json in the container's folder, there before its first process and until it
 * is removed. podman itself does not answer while it starts a container, and one that ends at once is gone when it does.
 */
import { constants } from 'node:fs'
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { Answer, type ContainerDescription } from './description.ts'
import type { SocketClient } from './http.ts'
import { boundMounts, sharedNamespaces } from './oci-spec.ts'

/** Bytes; a specification has a few thousand. */
const MAX_LENGTH = 1 << 20
/** A pipe does not block, a link is not followed: the folder is what podman says that it is, the file what runc was given. */
const FLAGS = constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW | constants.O_NOCTTY
/** Milliseconds for podman's account of itself. */
const TIMEOUT = 10_000

/** The folders of a podman's containers. */
export class PodmanBundles {
  readonly #client: SocketClient
  readonly #root: string
  #folder: Promise<string | undefined> | undefined

  /** @param root where the host's files are seen */
  constructor(client: SocketClient, root: string) {
    this.#client = client
    this.#root = root
  }

  /** Asks podman once where it keeps its containers. Asking later would be too late for the first one. undefined = it does not say. */
  locate(): Promise<string | undefined> {
    this.#folder ??= this.#ask().catch(() => {
      this.#folder = undefined
      return undefined
    })
    return this.#folder
  }

  /** undefined = it cannot be read: the container is gone, we have no right, it is on another machine. */
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
    // podman's own files for /etc/hosts and the like lie in the container's folder.
    Mounts: boundMounts(spec).filter(({ Source }) => !Source.includes(`/${id}/`)),
  }
}
