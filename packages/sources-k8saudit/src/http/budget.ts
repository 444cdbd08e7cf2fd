/** The memory of bodies that are still arriving, shared fairly: the client that holds most is the first to lose. */
export class BodyBudget {
  readonly #maxBytes: number
  readonly #clients = new Map<string, Client>()
  #bytes = 0

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  /** Bytes that have arrived and are held. */
  get bytes(): number {
    return this.#bytes
  }

  /** @param evict called when the body has to make room for another client's */
  open(client: string, evict: () => void): BodyShare {
    let entry = this.#clients.get(client)
    if (!entry) this.#clients.set(client, (entry = { name: client, bytes: 0, shares: new Set() }))
    const share = new BodyShare(this, entry, evict)
    entry.shares.add(share)
    return share
  }

  /** Room for more bytes of this body; false: it holds most itself. */
  grow(share: BodyShare, bytes: number): boolean {
    const { client } = share
    while (this.#bytes + bytes > this.#maxBytes) {
      const victim = this.#victim(client, bytes)
      if (!victim || victim === share) return false
      this.close(victim)
      victim.evict()
    }
    this.#bytes += bytes
    client.bytes += bytes
    share.bytes += bytes
    // Moves to the end: the shares of a client are ordered by their last progress.
    client.shares.delete(share)
    client.shares.add(share)
    return true
  }

  close(share: BodyShare): void {
    const { client } = share
    if (!client.shares.delete(share)) return
    this.#bytes -= share.bytes
    client.bytes -= share.bytes
    if (client.shares.size === 0) this.#clients.delete(client.name)
  }

  /** Of the client that holds most, the body that has been waiting longest. */
  #victim(asking: Client, bytes: number): BodyShare | undefined {
    let largest = asking
    for (const client of this.#clients.values())
      if (client.bytes > largest.bytes + (largest === asking ? bytes : 0)) largest = client
    for (const share of largest.shares) if (share.bytes > 0) return share
    return undefined
  }
}

interface Client {
  readonly name: string
  bytes: number
  readonly shares: Set<BodyShare>
}

/** What one body holds. */
export class BodyShare {
  readonly client: Client
  readonly evict: () => void
  bytes = 0
  readonly #budget: BodyBudget

  constructor(budget: BodyBudget, client: Client, evict: () => void) {
    this.#budget = budget
    this.client = client
    this.evict = evict
  }

  grow(bytes: number): boolean {
    return this.#budget.grow(this, bytes)
  }

  close(): void {
    this.#budget.close(this)
  }
}
