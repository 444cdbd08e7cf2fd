export type { AuthOptions, ProxyOptions } from './auth/auth.ts'
export type { Role } from './auth/roles.ts'
export { newToken, parseTokens, SCOPES, type Scope, type Token } from './auth/tokens.ts'
export { Console, type ConsoleOptions } from './console.ts'
