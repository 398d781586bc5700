import { inOrder } from '../resync.ts';
import { LogServer } from '../server.ts';
import type { DiskTransport, KitDevice } from './disk-kernel.ts';
import { hasAnswer } from './kernel.ts';
import { MemoryDevice } from './memory-device.ts';

/** Room for the log of 10^8 regions, on devices that only a constructor names. */
const DEVICE_BYTES = 16 * 1024 * 1024;
/** Turns of the event loop in which a server in memory has answered whatever it answers. */
const ANSWER_TURNS = 100;
const TICK_MS = 1000;

/** The server, in a world of memory where every log device exists and is blank: for checks and replays. */
export class MemoryServer implements DiskTransport {
  readonly #devices = new Map<string, MemoryDevice>();
  readonly #made: MemoryDevice[] = [];
  readonly #numbers: ReadonlyMap<string, string>;
  #sent: Uint8Array[] = [];
  #server: LogServer = this.#start();

  /** @param numbers the devices' numbers as `MAJOR:MINOR`, by the names that constructors call them */
  constructor(numbers: ReadonlyMap<string, string> = new Map()) {
    this.#numbers = numbers;
  }

  /** What answers, until the next restart. */
  get server(): LogServer {
    return this.#server;
  }

  #start(): LogServer {
    return new LogServer({
      send: (bytes, length) => {
        this.#sent.push(bytes.slice(0, length));
        for (const device of this.#made) device.note();
      },
      event: () => {},
      poke: () => {},
      persist: () => {},
      openDevice: async (name) => {
        const device = this.#devices.get(name) ?? new MemoryDevice(name, DEVICE_BYTES);
        this.#devices.set(name, device);
        return device.open(this.#numbers.get(name) ?? name);
      },
      openRun: async () => undefined,
      resyncPolicy: () => inOrder,
      syncLegs: async () => {},
      now: () => 0,
      minuteOfDay: () => 0,
      pause: async () => {},
    });
  }

  async exchange(datagram: Uint8Array): Promise<readonly Uint8Array[]> {
    this.#server.incoming.bytes.set(datagram);
    this.#server.receive(datagram.length);
    for (let count = 0; count < ANSWER_TURNS && !hasAnswer(this.#sent, datagram); count++) await turn();
    // A second answer, which there must not be.
    await turn();
    return this.#sent.splice(0);
  }

  makeDevice(bytes: number): KitDevice {
    const device = new MemoryDevice(`/dev/kit${this.#made.length}`, bytes);
    this.#made.push(device);
    this.#devices.set(device.name, device);
    return device;
  }

  async restart(): Promise<void> {
    for (const device of this.#devices.values()) device.abandon();
    this.#server = this.#start();
  }

  async pass(ms: number): Promise<void> {
    for (let passed = 0; passed < ms; passed += TICK_MS) {
      this.#server.tick();
      for (let count = 0; count < ANSWER_TURNS; count++) await turn();
    }
  }
}

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
