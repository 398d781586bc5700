import type { Datagram } from './protocol/datagram.ts';
import type { ServedLog } from './shared-log.ts';

/** The halves of a luid as the 32-bit integers that a datagram gives. */
export function luidHalves(luid: bigint): { readonly low: number; readonly high: number } {
  return { low: Number(BigInt.asIntN(32, luid)), high: Number(BigInt.asIntN(32, luid >> 32n)) };
}

/** The logs by uuid and luid: of one uuid there are two while a table is swapped, of one luid two after the kernel reused it. */
export class LogTable {
  // By the low half of the luid, which is a number that the engine keeps unboxed; logs that agree in it are compared.
  readonly #logs = new Map<number, ServedLog[]>();

  add(served: ServedLog): void {
    const logs = this.#logs.get(served.luidLow);
    if (logs === undefined) this.#logs.set(served.luidLow, [served]);
    else logs.push(served);
  }

  /** Takes a log out; whether it was in. */
  remove(served: ServedLog): boolean {
    const logs = this.#logs.get(served.luidLow) ?? [];
    const at = logs.indexOf(served);
    if (at < 0) return false;
    logs.splice(at, 1);
    if (logs.length === 0) this.#logs.delete(served.luidLow);
    return true;
  }

  has(served: ServedLog): boolean {
    return this.#logs.get(served.luidLow)?.includes(served) === true;
  }

  /** The log that a request is for. */
  find(datagram: Datagram): ServedLog | undefined {
    const logs = this.#logs.get(datagram.luidLow);
    if (logs === undefined) return undefined;
    for (const served of logs) {
      if (served.luidHigh === datagram.luidHigh && datagram.isFor(served.uuidBytes)) return served;
    }
    return undefined;
  }

  *[Symbol.iterator](): Generator<ServedLog> {
    for (const logs of this.#logs.values()) yield* logs;
  }
}
