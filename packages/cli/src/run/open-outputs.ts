import { statSync } from 'node:fs'
import { join } from 'node:path'
import { isatty } from 'node:tty'
import type { AlertData, Source } from '@falc/engine'
import {
  configuredDelivery,
  Delivery,
  FileOutput,
  FORMATS,
  type Format,
  filesRead,
  HttpOutput,
  MemoryQueue,
  type Output,
  ProgramOutput,
  StdoutOutput,
  SyslogOutput,
  type Wanted,
} from '@falc/outputs'
import { jsonFormat, jsonWords, TEXT_FORMAT } from '../alerts/line.ts'
import type { Config } from '../config/config.ts'
import { CliError } from '../fail.ts'
import { hostname } from '../hostname.ts'
import type { Log } from '../log.ts'
import { printable } from '../printable.ts'

/** Milliseconds that alerts may wait to be written together, with buffered_outputs. */
const LINGER = 1000

/**
 * The outputs that the configuration asks for: Falco's sections, and the list `outputs`.
 * @param source the fields that conditions and templates of outputs may name
 * @throws {CliError} when there is none
 */
export function wantedOutputs(config: Config, log: Log, source: () => Source<AlertData>): Wanted[] {
  const wanted = [...falcosOutputs(config, log), ...listedOutputs(config, log, source)]
  if (wanted.length > 0) return wanted
  throw new CliError('No outputs configured. Please configure at least one output (for example stdout_output)')
}

function falcosOutputs(config: Config, log: Log): Wanted[] {
  const { outputs_queue, output_timeout, buffered_outputs, json_output } = config
  const format = json_output ? jsonFormat(config) : TEXT_FORMAT
  const common = { outputs_queue, output_timeout, buffered_outputs, json_output, words: jsonWords(config) }
  return FALCOS.filter(name => config[`${name}_output`].enabled).map(name => ({
    name,
    key: JSON.stringify([
      config[`${name}_output`],
      common,
      ...(name === 'http' ? httpFiles(config).map(versionOf) : []),
    ]),
    make: () =>
      new Delivery(MAKE[name](config), {
        format: name === 'stdout' && isatty(1) ? onTerminal(format) : format,
        queue: new MemoryQueue({ capacity: outputs_queue.capacity, maxBytes: outputs_queue.max_bytes }),
        timeout: output_timeout,
        linger: buffered_outputs ? LINGER : 0,
        log: (level, text) => log.write(level, text),
      }),
  }))
}

function listedOutputs(config: Config, log: Log, source: () => Source<AlertData>): Wanted[] {
  const json = jsonFormat(config)
  return config.outputs
    .filter(({ enabled }) => enabled)
    .map(settings => ({
      name: settings.name,
      key: JSON.stringify([settings, jsonWords(config), ...filesRead(settings).map(versionOf)]),
      folder: settings.queue.disk && join(settings.queue.disk, settings.name),
      make: () =>
        configuredDelivery(settings, {
          hostname: hostname(),
          source: source(),
          format: name => (name === 'json' ? json : FORMATS[name].format),
          log: (level, text) => log.write(level, text),
        }),
    }))
}

const httpFiles = ({ http_output: { ca_cert, ca_bundle, client_cert, client_key } }: Config) =>
  [ca_cert, ca_bundle, client_cert, client_key].filter(path => path !== '')

/** Changes when a file is rewritten or replaced, so that a reload uses a renewed certificate. */
function versionOf(path: string): string {
  const stat = statSync(path, { bigint: true, throwIfNoEntry: false })
  return stat ? `${stat.ino} ${stat.size} ${stat.mtimeNs}` : ''
}

/** Alerts on a terminal. Files and pipes get them to the letter, as from Falco. */
function onTerminal({ contentType, print }: Format): Format {
  return { contentType, print: alert => printable(print(alert)) }
}

/** An output of Falco's sections, if it is enabled. */
export function falcosOutput(config: Config, name: string): { target: Output; format: Format } | undefined {
  const known = FALCOS.find(one => one === name && config[`${one}_output`].enabled)
  return known && { target: MAKE[known](config), format: config.json_output ? jsonFormat(config) : TEXT_FORMAT }
}

/** Falco's outputs, in its order. */
export const FALCOS = ['stdout', 'file', 'program', 'http', 'syslog'] as const

const MAKE: Readonly<Record<(typeof FALCOS)[number], (config: Config) => Output>> = {
  stdout: () => new StdoutOutput(),
  file: ({ file_output: { filename, keep_alive } }) => new FileOutput({ filename, keepAlive: keep_alive }),
  program: ({ program_output: { program, keep_alive } }) => new ProgramOutput({ program, keepAlive: keep_alive }),
  http: ({ http_output, json_output }) => httpOutput(http_output, json_output),
  syslog: () => new SyslogOutput(),
}

function httpOutput(config: Config['http_output'], json: boolean): HttpOutput {
  return new HttpOutput({
    json,
    url: config.url,
    userAgent: config.user_agent,
    insecure: config.insecure,
    caCert: config.ca_cert,
    caBundle: config.ca_bundle,
    caPath: config.ca_path,
    mtls: config.mtls,
    clientCert: config.client_cert,
    clientKey: config.client_key,
    echo: config.echo,
    ...(isatty(1) && { printed: (answer: string) => printable(answer, '\n\t') }),
    compressUploads: config.compress_uploads,
    keepAlive: config.keep_alive,
    maxConsecutiveTimeouts: config.max_consecutive_timeouts,
  })
}
