import type { BlockStore } from '../block-store.ts';
import { inOrder } from '../resync.ts';
import { LogServer } from '../server.ts';
import type { ConformanceTransport } from './kernel.ts';

/** Room for the log of 10^8 regions. */
const DEVICE_BYTES = 16 * 1024 * 1024;

function memoryDevice(label: string): BlockStore {
  const memory = new Uint8Array(DEVICE_BYTES);
  return {
    size: memory.length,
    sectorBytes: 512,
    label,
    read: async (offset, into) => into.set(memory.subarray(offset, offset + into.length)),
    write: (offset, bytes, done) => {
      memory.set(bytes, offset);
      done(undefined);
    },
    sync: (done) => done(undefined),
    close: () => {},
  };
}

/** The server, in a world of memory where every log device exists and is blank: for checks and replays. */
export class MemoryServer implements ConformanceTransport {
  readonly #devices = new Map<string, BlockStore>();
  readonly #numbers: ReadonlyMap<string, string>;
  #sent: Uint8Array[] = [];
  readonly #server = new LogServer({
    send: (bytes, length) => this.#sent.push(bytes.slice(0, length)),
    event: () => {},
    poke: () => {},
    persist: () => {},
    openDevice: async (name) => {
      const device = this.#devices.get(name) ?? memoryDevice(this.#numbers.get(name) ?? name);
      this.#devices.set(name, device);
      return device;
    },
    openRun: async () => undefined,
    resyncPolicy: () => inOrder,
    syncLegs: async () => {},
    now: () => 0,
    minuteOfDay: () => 0,
    pause: async () => {},
  });

  /** @param numbers the devices' numbers as `MAJOR:MINOR`, by the names that constructors call them */
  constructor(numbers: ReadonlyMap<string, string> = new Map()) {
    this.#numbers = numbers;
  }

  async exchange(datagram: Uint8Array): Promise<readonly Uint8Array[]> {
    this.#server.incoming.bytes.set(datagram);
    this.#server.receive(datagram.length);
    await new Promise((resolve) => setImmediate(resolve));
    return this.#sent.splice(0);
  }
}
