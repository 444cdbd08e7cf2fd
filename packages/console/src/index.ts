export { newToken, parseTokens, SCOPES, type Scope, type Token } from './auth.ts'
export { Console, type ConsoleOptions } from './console.ts'
