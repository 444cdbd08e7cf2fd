import { Regex } from '@falc/engine'
import type { SyscallEvent } from '../event.ts'
import type { Container } from '../model/container.ts'
import { containerInfo, infoFlag, infoMounts, infoText, labelsText, labelText, type Mount } from './container-info.ts'
import { integer } from './formats/integer.ts'
import type { Field, Fields } from './table.ts'

const HOST = 'host'

/** A string from the container's metadata; `host` is the value outside of containers. */
function text(doc: string, key: string, host = '', suggested = false): Field {
  return {
    type: 'string',
    scope: 'thread',
    ...(suggested ? { suggested } : {}),
    doc,
    extract: event =>
      onContainer(event, container => infoText(containerInfo(event), key) ?? (container.isHost ? host : undefined)),
  }
}

function flag(doc: string, key: string): Field {
  return {
    type: 'bool',
    scope: 'thread',
    doc,
    extract: event => infoFlag(containerInfo(event), key) ?? (event.thread?.container.isHost ? false : undefined),
  }
}

function onContainer<T>(event: SyscallEvent, of: (container: Container) => T): T | undefined {
  return event.thread === null ? undefined : of(event.thread.container)
}

/** A mount selected by index, or by a regular expression that matches its source or destination. */
function mount(doc: string, of: (mount: Mount) => string, by: (mount: Mount) => string): Field {
  return {
    type: 'string',
    arg: 'required',
    argKind: 'key',
    brackets: true,
    scope: 'thread',
    doc,
    parseArg: mountChoice,
    extract: (event, choice: number | Regex) => {
      const mounts = infoMounts(containerInfo(event))
      const found = typeof choice === 'number' ? mounts?.[choice] : mounts?.find(entry => choice.finds(by(entry)))
      return found === undefined ? undefined : of(found)
    },
  }
}

/**
 * Digits are an index; anything else is a regular expression, which need not match the whole text. @throws {Error} if it is
 * invalid.
 */
function mountChoice(arg: string): number | Regex {
  return /^(0|[1-9]\d*)$/.test(arg) ? Number(arg) : new Regex(arg)
}

const all = (entry: Mount) => [entry.Source, entry.Destination, entry.Mode, entry.RW, entry.Propagation].join(':')

/** Containers, from control groups and from runtime metadata. */
export const CONTAINER_FIELDS: Fields = {
  'container.id': {
    type: 'string',
    scope: 'thread',
    suggested: true,
    doc: "First 12 characters of the container's id; `host` outside of containers.",
    extract: event => onContainer(event, container => (container.isHost ? HOST : container.id)),
  },
  'container.full_id': {
    type: 'string',
    scope: 'thread',
    doc: "The container's id; `host` outside of containers.",
    extract: event =>
      onContainer(event, container => (container.isHost ? HOST : infoText(containerInfo(event), 'full_id'))),
  },
  'container.name': text('Name of the container; `host` outside of containers.', 'name', HOST, true),
  'container.image': text('Image, with its registry and tag; empty outside of containers.', 'image'),
  'container.image.id': text('Id of the image.', 'imageid'),
  'container.type': {
    type: 'string',
    scope: 'thread',
    doc: 'Runtime of the container: docker, podman, containerd, cri-o, lxc…; `host` outside of containers.',
    extract: event =>
      onContainer(event, container =>
        container.isHost ? HOST : containerInfo(event) === undefined ? undefined : container.type,
      ),
  },
  'container.privileged': flag('The container is privileged.', 'privileged'),
  'container.mounts': {
    type: 'string',
    scope: 'thread',
    doc: 'All mounts, source:destination:mode:writable:propagation separated by commas.',
    extract: event => infoMounts(containerInfo(event))?.map(all).join(','),
  },
  'container.mount': mount(
    'A mount, by its number or by a pattern for its source: source:destination:mode:writable:propagation.',
    all,
    entry => entry.Source,
  ),
  'container.mount.source': mount(
    'Source of a mount, by its number or by a pattern for its destination.',
    entry => entry.Source,
    entry => entry.Destination,
  ),
  'container.mount.dest': mount(
    'Destination of a mount, by its number or by a pattern for its source.',
    entry => entry.Destination,
    entry => entry.Source,
  ),
  'container.mount.mode': mount(
    'Mode of a mount, by its number or by a pattern for its source.',
    entry => entry.Mode,
    entry => entry.Source,
  ),
  'container.mount.rdwr': mount(
    '`true` when a mount is writable, by its number or by a pattern for its source.',
    entry => String(entry.RW),
    entry => entry.Source,
  ),
  'container.mount.propagation': mount(
    'Propagation of a mount, by its number or by a pattern for its source.',
    entry => entry.Propagation,
    entry => entry.Source,
  ),
  'container.image.repository': text('Image without its tag.', 'imagerepo', '', true),
  'container.image.tag': text('Tag of the image.', 'imagetag', '', true),
  'container.image.digest': text('Digest of the image.', 'imagedigest'),
  'container.start_ts': {
    type: 'abstime',
    scope: 'thread',
    doc: 'Start of the container (of its pid namespace), ns.',
    extract: event => (event.thread?.pidnsInitStartTs ? integer(event.thread.pidnsInitStartTs) : undefined),
  },
  'container.duration': {
    type: 'reltime',
    doc: 'Nanoseconds since the container started.',
    extract: event =>
      event.thread?.pidnsInitStartTs ? integer(event.time - event.thread.pidnsInitStartTs) : undefined,
  },
  'container.ip': text('Address of the container.', 'ip'),
  'container.cni.json': text('What the container network interface returned, as JSON.', 'cni_json'),
  'container.host_pid': flag("The container shares the host's pid namespace.", 'host_pid'),
  'container.host_network': flag("The container shares the host's network namespace.", 'host_network'),
  'container.host_ipc': flag("The container shares the host's ipc namespace.", 'host_ipc'),
  'container.label': {
    type: 'string',
    arg: 'required',
    argKind: 'key',
    brackets: true,
    scope: 'thread',
    doc: 'One label of the container: `container.label[maintainer]`.',
    extract: (event, name: string) => labelText(containerInfo(event), 'labels', name),
  },
  'container.labels': {
    type: 'string',
    scope: 'thread',
    doc: 'Labels of the container, `name:value` separated by commas.',
    extract: event => labelsText(containerInfo(event), 'labels'),
  },
}
