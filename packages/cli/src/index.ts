export { runCli } from './cli.ts'
export { type Config, loadConfig } from './config/config.ts'
export { ConfigError } from './config/error.ts'
