/** The engine of the operator `regex`, which `@falc/engine/runtime` takes as an option. */
export { Regex } from './fields/regex.ts'
