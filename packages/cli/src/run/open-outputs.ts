import { isatty } from 'node:tty'
import {
  Delivery,
  FileOutput,
  type Format,
  HttpOutput,
  MemoryQueue,
  type Output,
  OutputError,
  Outputs,
  ProgramOutput,
  StdoutOutput,
  SyslogOutput,
  shared,
} from '@falc/outputs'
import { jsonFormat, TEXT_FORMAT } from '../alerts/line.ts'
import type { Config } from '../config/config.ts'
import { CliError } from '../fail.ts'
import type { Log } from '../log.ts'
import { printable } from '../printable.ts'

/** Milliseconds that alerts may wait to be written together, with buffered_outputs. */
const LINGER = 1000

/** Everything that outputs are made from: a reload opens them anew when it differs. */
export function outputsConfig(config: Config) {
  const { stdout_output, file_output, program_output, http_output, syslog_output } = config
  const { outputs_queue, output_timeout, buffered_outputs, json_output } = config
  const { json_include_id_property, json_include_output_property, json_include_message_property } = config
  const { json_include_output_fields_property, json_include_tags_property } = config
  return {
    ...{ stdout_output, file_output, program_output, http_output, syslog_output },
    ...{ outputs_queue, output_timeout, buffered_outputs, json_output },
    ...{ json_include_id_property, json_include_output_property, json_include_message_property },
    ...{ json_include_output_fields_property, json_include_tags_property },
  }
}

type OutputsConfig = ReturnType<typeof outputsConfig>

/**
 * The outputs that the configuration enables, opened.
 * @throws {CliError} when there is none, or one cannot be opened
 */
export async function openOutputs(config: Config, log: Log): Promise<Outputs> {
  const { outputs_queue, output_timeout, buffered_outputs, json_output } = config
  const format = shared(json_output ? jsonFormat(config) : TEXT_FORMAT)
  try {
    const outputs = new Outputs(
      makeOutputs(outputsConfig(config)).map(
        output =>
          new Delivery(output, {
            format: output.name === 'stdout' && isatty(1) ? onTerminal(format) : format,
            queue: new MemoryQueue({ capacity: outputs_queue.capacity, maxBytes: outputs_queue.max_bytes }),
            timeout: output_timeout,
            linger: buffered_outputs ? LINGER : 0,
            log: (level, text) => log.write(level, printable(text)),
          }),
      ),
    )
    await outputs.open()
    return outputs
  } catch (error) {
    if (error instanceof OutputError) throw new CliError(error.message)
    throw error
  }
}

/** Alerts on a terminal. Files and pipes get them to the letter, as from Falco. */
function onTerminal({ contentType, print }: Format): Format {
  return { contentType, print: alert => printable(print(alert)) }
}

function makeOutputs(config: OutputsConfig): Output[] {
  const { stdout_output, file_output, program_output, http_output, syslog_output } = config
  const made: Output[] = []
  if (stdout_output.enabled) made.push(new StdoutOutput())
  if (file_output.enabled)
    made.push(new FileOutput({ filename: file_output.filename, keepAlive: file_output.keep_alive }))
  if (program_output.enabled)
    made.push(new ProgramOutput({ program: program_output.program, keepAlive: program_output.keep_alive }))
  if (http_output.enabled) made.push(httpOutput(http_output, config.json_output))
  if (syslog_output.enabled) made.push(new SyslogOutput())
  if (made.length > 0) return made
  throw new CliError('No outputs configured. Please configure at least one output (for example stdout_output)')
}

function httpOutput(config: OutputsConfig['http_output'], json: boolean): HttpOutput {
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
