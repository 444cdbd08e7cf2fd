/** Builds deliveries from settings. */
import { join } from 'node:path'
import {
  type AlertData,
  ConditionError,
  compileCondition,
  compileOutput,
  priorityLevel,
  type Source,
} from '@falc/engine'
import { Collapse } from './delivery/collapse.ts'
import { Delivery, type DeliveryOptions } from './delivery/delivery.ts'
import { tryOutput } from './delivery/try-output.ts'
import type { Answer, Failure } from './model/answer.ts'
import type { Format } from './model/format.ts'
import { OutputError } from './model/output.ts'
import type { Target, TransportContext, TransportDefinition } from './model/transport.ts'
import { scrubber } from './options/options.ts'
import { type OutputSettings, secretsIn, transportOf } from './options/settings.ts'
import { DiskQueue } from './queue/disk.ts'
import { MemoryQueue } from './queue/memory.ts'
import type { Queue } from './queue/queue.ts'

/** The options that all outputs of a run share. */
export interface Surroundings extends Pick<DeliveryOptions, 'backoff' | 'stallTimeout'> {
  readonly hostname: string
  /** The fields that conditions and templates may name. */
  readonly source: Source<AlertData>
  /** Types of outputs beside falc's own, as `readOutput` was given them. */
  readonly transports?: readonly TransportDefinition<any>[]
  /** By name, shared by all outputs that use it. */
  readonly format: (name: OutputSettings['format']) => Format
  /** Milliseconds after which a blocked output is reported. Default: the attempt's deadline. */
  readonly timeout?: number
  readonly log: NonNullable<DeliveryOptions['log']>
}

/** Milliseconds that one attempt may take, unless the type or the settings say otherwise. */
const DEADLINE = 10_000

/**
 * The delivery that settings describe. It connects when it has something to send; one that receivers connect to listens from the start.
 * @throws {OutputError} when a condition, a template or a field is malformed
 */
export function configuredDelivery(settings: OutputSettings, surroundings: Surroundings): Delivery {
  const { source, log } = surroundings
  const scrub = scrubber(secretsIn(settings, surroundings.transports))
  const quiet: typeof log = (level, text) => log(level, scrub(text))
  const target = targetOf(settings, surroundings, quiet)
  const { collapse, template } = settings
  const { linger = 0, listens = false } = transportOf(settings.type, surroundings.transports)!
  return wellFormed(
    settings.name,
    () =>
      new Delivery(target, {
        format: surroundings.format(settings.format),
        accepts: routeOf(settings, source),
        collapse: collapse && ((next, counters) => new Collapse(collapse, source, next, counters)),
        rate: settings.rate,
        template: template === undefined ? undefined : compileOutput(template, source),
        lazy: true,
        listens,
        queue: queueOf(settings),
        linger: settings.linger ?? linger,
        timeout: surroundings.timeout ?? 2 ** 31 - 1,
        log: quiet,
        ...(surroundings.backoff && { backoff: surroundings.backoff }),
        ...(surroundings.stallTimeout !== undefined && { stallTimeout: surroundings.stallTimeout }),
      }),
  )
}

/**
 * Sends one alert to the output that settings describe, past its condition and its queue, once.
 * @returns the answer, without secrets
 * @throws {OutputError} as `configuredDelivery`
 */
export async function tryConfigured(
  settings: OutputSettings,
  surroundings: Surroundings,
  alert: AlertData,
): Promise<Answer> {
  const scrub = scrubber(secretsIn(settings, surroundings.transports))
  const { name, template, format } = settings
  const target = targetOf(settings, surroundings, (level, text) => surroundings.log(level, scrub(text)))
  const text = template === undefined ? undefined : wellFormed(name, () => compileOutput(template, surroundings.source))
  const { delivered, failure, items } = await tryOutput(target, alert, surroundings.format(format), text)
  const clean = (one: Failure) => ({ ...one, message: scrub(one.message) })
  return {
    delivered,
    ...(failure && { failure: clean(failure) }),
    ...(items && { items: items.map(one => one && clean(one)) }),
  }
}

/** Which alerts the output gets; undefined: all. */
function routeOf(
  { condition, minimum_priority }: OutputSettings,
  source: Source<AlertData>,
): ((alert: AlertData) => boolean) | undefined {
  const compiled = condition === undefined ? undefined : compileCondition(condition, source)
  if (minimum_priority === undefined) return compiled && (alert => compiled.test(alert))
  const level = priorityLevel(minimum_priority)
  return alert => priorityLevel(alert.priority) <= level && (compiled?.test(alert) ?? true)
}

function queueOf({ name, queue }: OutputSettings): Queue {
  const { max_alerts, max_bytes, drop, disk, sync } = queue
  const bounds = { capacity: max_alerts, drop, ...(max_bytes !== undefined && { maxBytes: max_bytes }) }
  return disk === undefined ? new MemoryQueue(bounds) : new DiskQueue({ ...bounds, sync, folder: join(disk, name) })
}

function targetOf(settings: OutputSettings, surroundings: Surroundings, log: Surroundings['log']): Target {
  const { name, type, options, timeout } = settings
  const definition = transportOf(type, surroundings.transports)!
  const { batch, deadline = DEADLINE } = definition
  const context: TransportContext = {
    name,
    hostname: surroundings.hostname,
    note: onceEach(text => log('notice', `${name}: ${text}`)),
    template: (text, encode) => wellFormed(name, () => compileOutput(text, surroundings.source, encode)),
  }
  return {
    ...{ name, batch },
    deadline: timeout ?? (deadline === false ? undefined : deadline),
    open: () => definition.open(options, context),
  }
}

/** An error of the rule language is an error of the output. */
function wellFormed<T>(name: string, make: () => T): T {
  try {
    return make()
  } catch (error) {
    if (!(error instanceof ConditionError)) throw error
    throw new OutputError('format', `${name}: ${error.message}`, 'misconfigured')
  }
}

/** Notes that are remembered, so that each is written once. */
const MAX_NOTES = 100

function onceEach(write: (text: string) => void): (text: string) => void {
  const seen = new Set<string>()
  return text => {
    if (seen.has(text) || seen.size >= MAX_NOTES) return
    seen.add(text)
    write(text)
  }
}
