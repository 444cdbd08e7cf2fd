import { RE2JS } from 're2js'

/** A compiled regular expression. */
export interface Pattern {
  test(text: string): boolean
}

/** Compiles patterns of the operator `regex`. Programs receive it, so that a bundle without regex rules does not need it. */
export type RegexEngine = new (pattern: string) => Pattern

/**
 * The class behind RE2JS, which takes the parser's own flags. It is not public: package.json pins the version, and
 * patterns.test.ts checks what the flags do.
 */
let re2: { compileImpl(pattern: string, flags: number, longest: boolean): ReturnType<RE2JS['re2']> } | undefined
/**
 * The parser flags of RE2's POSIX options: a negated class matches a newline. Without the other flags there are no Perl classes
 * (\d \w \s), no \b, no (?…) and no lazy quantifiers, and ^ and $ match at every line.
 */
const CLASS_NL = 4

/** A regular expression of Falco's operator `regex`: RE2, POSIX syntax, leftmost-longest, over the whole text, in linear time. */
export class Regex implements Pattern {
  readonly pattern: string
  readonly #compiled: RE2JS

  /** @throws {Error} with the reason, when the pattern is not valid in POSIX syntax */
  constructor(pattern: string) {
    this.pattern = pattern
    this.#compiled = new RE2JS(pattern, 0)
    re2 ??= RE2JS.compile('').re2().constructor as unknown as NonNullable<typeof re2>
    ;(this.#compiled as unknown as { re2Input: unknown }).re2Input = re2.compileImpl(pattern, CLASS_NL, true)
  }

  /** Whether the whole text matches. */
  test(text: string): boolean {
    return this.#compiled.testExact(text)
  }

  /** Whether a part of the text matches. */
  finds(text: string): boolean {
    return this.#compiled.test(text)
  }
}
