import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { copyFileSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)
export const BUSYBOX = '/bin/busybox'
const APPLETS = ['sh', 'cat', 'sleep', 'ls', 'true']

/** Packs the files of an image: busybox under a few names, users, and a file to read. Returns the archive's path. */
export async function packRoot(dir: string): Promise<string> {
  const root = join(dir, 'root')
  mkdirSync(join(root, 'bin'), { recursive: true })
  mkdirSync(join(root, 'etc'))
  copyFileSync(BUSYBOX, join(root, 'bin/busybox'))
  writeFileSync(join(root, 'etc/shadow'), 'root:*:1::::::\n')
  writeFileSync(join(root, 'etc/passwd'), 'root:x:0:0::/:/bin/sh\nshopkeeper:x:1000:1000::/:/bin/sh\n')
  writeFileSync(join(root, 'etc/group'), 'root:x:0:\nshop:x:1000:\n')
  for (const name of APPLETS) symlinkSync('busybox', join(root, 'bin', name))
  await run('tar', ['-C', root, '-cf', join(dir, 'image.tar'), '.'])
  return join(dir, 'image.tar')
}

/**
 * Packs an image of one layer as an OCI image layout, which `ctr images import` reads. Without a command it sleeps, as a pod's
 * pause image does. Returns the archive's path.
 */
export async function packOciImage(dir: string, layer: string, name: string): Promise<string> {
  const layout = join(dir, 'layout')
  const blobs = join(layout, 'blobs/sha256')
  mkdirSync(blobs, { recursive: true })
  const put = (bytes: Buffer, mediaType: string) => {
    const hex = createHash('sha256').update(bytes).digest('hex')
    writeFileSync(join(blobs, hex), bytes)
    return { mediaType, digest: `sha256:${hex}`, size: bytes.length }
  }
  const json = (value: object, kind: string) =>
    put(Buffer.from(JSON.stringify(value)), `application/vnd.oci.image.${kind}+json`)
  const files = put(readFileSync(layer), 'application/vnd.oci.image.layer.v1.tar')
  const config = json(
    {
      architecture: process.arch === 'x64' ? 'amd64' : process.arch,
      os: 'linux',
      config: { Cmd: ['sleep', '3600'], Env: ['PATH=/bin'], Labels: { team: 'blue' } },
      rootfs: { type: 'layers', diff_ids: [files.digest] },
    },
    'config.v1',
  )
  const manifest = json({ schemaVersion: 2, config, layers: [files] }, 'manifest.v1')
  const annotations = { 'io.containerd.image.name': name }
  writeFileSync(join(layout, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}')
  writeFileSync(
    join(layout, 'index.json'),
    JSON.stringify({ schemaVersion: 2, manifests: [{ ...manifest, annotations }] }),
  )
  await run('tar', ['-C', layout, '-cf', join(dir, 'oci.tar'), '.'])
  return join(dir, 'oci.tar')
}
