import { createHash, timingSafeEqual } from 'node:crypto'

/** Checks bearer tokens in constant time. Several may be valid at once, so that they can be rotated. */
export class TokenCheck {
  readonly #digests: readonly Buffer[]

  constructor(tokens: readonly string[]) {
    this.#digests = tokens.map(digest)
  }

  /** @param header the value of Authorization */
  accepts(header: string | undefined): boolean {
    const given = /^bearer +(\S+)$/i.exec(header ?? '')?.[1]
    if (given === undefined) return false
    const sought = digest(given)
    return this.#digests.filter(one => timingSafeEqual(one, sought)).length > 0
  }
}

const digest = (token: string): Buffer => createHash('sha256').update(token).digest()
