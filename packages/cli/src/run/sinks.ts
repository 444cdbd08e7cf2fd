import {
  FileOutput,
  HttpOutput,
  type Output,
  OutputError,
  Outputs,
  ProgramOutput,
  StdoutOutput,
  SyslogOutput,
} from '@falc/outputs'
import type { Config } from '../config/config.ts'
import { CliError } from '../fail.ts'
import type { Log } from '../log.ts'

/** Milliseconds that alerts wait for company with buffered_outputs. */
const LINGER = 1000

/**
 * The outputs that the configuration enables, opened.
 * @throws {CliError} when there is none, or one cannot be opened
 */
export async function openOutputs(config: Config, log: Log): Promise<Outputs> {
  try {
    const { queueCapacity, timeout, buffered } = config.outputs
    const outputs = new Outputs(makeOutputs(config), {
      capacity: queueCapacity,
      timeout,
      linger: buffered ? LINGER : 0,
      log: (level, text) => log.write(level, text),
    })
    await outputs.open()
    return outputs
  } catch (error) {
    if (error instanceof OutputError) throw new CliError(error.message)
    throw error
  }
}

function makeOutputs({ outputs, json }: Config): Output[] {
  const { stdout, file, program, http, syslog } = outputs
  const made: Output[] = []
  if (stdout) made.push(new StdoutOutput())
  if (file) made.push(new FileOutput(file))
  if (program) made.push(new ProgramOutput(program))
  if (http) made.push(new HttpOutput({ ...http, json: json.enabled }))
  if (syslog) made.push(new SyslogOutput())
  if (made.length === 0) {
    throw new CliError('No outputs configured. Please configure at least one output (for example stdout_output)')
  }
  return made
}
