/** The thread that makes the requests of a program's HTTP clients. */
import { type MessagePort, parentPort } from 'node:worker_threads'
import type { AgentsOptions } from './agents.ts'
import { DirectExchange, type Incoming, type Outgoing } from './exchange.ts'
import { Receiver } from './receiver.ts'

export type Order =
  | { readonly kind: 'client'; readonly client: number; readonly options: AgentsOptions }
  | { readonly kind: 'request'; readonly client: number; readonly id: number; readonly request: Outgoing }
  /** Its signal has fired. */
  | { readonly kind: 'end'; readonly id: number }
  | { readonly kind: 'close'; readonly client: number }

export interface Answer {
  readonly id: number
  readonly answer?: Incoming
  /** Errors lose their code on the way from one thread to another. */
  readonly error?: { readonly message: string; readonly code?: string }
}

interface Client {
  readonly connections: DirectExchange
  readonly receiver: Receiver
}

export function serve(port: MessagePort): void {
  const clients = new Map<number, Client>()
  const inFlight = new Map<number, AbortController>()

  async function answer(id: number, { connections, receiver }: Client, request: Outgoing): Promise<void> {
    const controller = new AbortController()
    inFlight.set(id, controller)
    let answer: Answer
    try {
      answer = { id, answer: await receiver.call(() => connections.exchange(request, controller.signal)) }
    } catch (error) {
      const { message, code } = error as NodeJS.ErrnoException
      answer = { id, error: { message, ...(code !== undefined && { code }) } }
    }
    inFlight.delete(id)
    port.postMessage(answer)
  }

  port.on('message', (order: Order) => {
    switch (order.kind) {
      case 'client':
        clients.set(order.client, { connections: new DirectExchange(order.options), receiver: new Receiver() })
        break
      case 'request':
        void answer(order.id, clients.get(order.client)!, order.request)
        break
      case 'end':
        inFlight.get(order.id)?.abort()
        break
      case 'close':
        clients.get(order.client)?.connections.close()
        clients.delete(order.client)
    }
  })
}

if (parentPort) serve(parentPort)
