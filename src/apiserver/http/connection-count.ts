import type { Socket } from 'node:net';
import type { Limits } from './limits.ts';

/** Connections by where they come from: none may have so many that others find no place. */
export class ConnectionCount {
  readonly #limits: Limits;
  readonly #byAddress = new Map<string, number>();
  #all = 0;

  constructor(limits: Limits) {
    this.#limits = limits;
  }

  /** Counts a connection until it closes; false where it is one too many, which the caller closes. */
  admit(socket: Socket): boolean {
    const address = socket.remoteAddress ?? '';
    const count = this.#byAddress.get(address) ?? 0;
    if (this.#all >= this.#limits.connections || count >= this.#limits.connectionsPerAddress) return false;
    this.#all++;
    this.#byAddress.set(address, count + 1);
    socket.once('close', () => {
      this.#all--;
      const left = (this.#byAddress.get(address) ?? 1) - 1;
      if (left > 0) this.#byAddress.set(address, left);
      else this.#byAddress.delete(address);
    });
    return true;
  }
}
