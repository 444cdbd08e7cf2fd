/** The timeout of one call to a disk, in milliseconds: a network file system without its server never answers. */
const DEADLINE = 10_000

/**
 * The calls to one disk, one at a time for the whole process. A call that never returns takes a thread of Node's pool of four, so that
 * a second one of the same kind must not be made.
 */
export class Device {
  static readonly #devices = new Map<number, Device>()
  #last: Promise<unknown> = Promise.resolve()
  readonly #deadline: number

  constructor(deadline = DEADLINE) {
    this.#deadline = deadline
  }

  /** @param number st_dev of a file on it */
  static of(number: number): Device {
    const known = Device.#devices.get(number) ?? new Device()
    Device.#devices.set(number, known)
    return known
  }

  /** @throws the call's error, or ETIMEDOUT when it does not return: its effect is unknown then */
  async call<T>(call: () => Promise<T>): Promise<T> {
    const before = this.#last
    const { promise: over, resolve: release } = Promise.withResolvers<void>()
    this.#last = before.then(() => over)
    try {
      await this.#within(before)
    } catch (error) {
      release()
      throw error
    }
    const result = call()
    const end = () => release()
    result.then(end, end)
    return this.#within(result)
  }

  async #within<T>(work: Promise<T>): Promise<T> {
    const { promise: late, reject } = Promise.withResolvers<never>()
    const timer = setTimeout(
      () => reject(Object.assign(new Error('ETIMEDOUT: the disk does not answer'), { code: 'ETIMEDOUT' })),
      this.#deadline,
    )
    try {
      return await Promise.race([work, late])
    } finally {
      clearTimeout(timer)
    }
  }
}
