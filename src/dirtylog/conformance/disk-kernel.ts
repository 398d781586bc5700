import { MIRR_BITS_AT, type MirrHeader, mirrBytes, readMirrHeader, writeMirrHeader } from '../logs/mirr.ts';
import { Breach, type ConformanceTransport, KitKernel } from './kernel.ts';
import { LENGTH, REGION_SECTORS } from './scenario.ts';

/** A log device that the kit has made. */
export interface KitDevice {
  /** What a constructor calls it. */
  readonly name: string;
  /** What it would hold after a power cut at the moment at which the server's last answer came. */
  held(): Uint8Array;
  /** Gives it other content, while no server has it open. */
  put(bytes: Uint8Array): void;
}

/** A way to a server that has log devices and can be killed. */
export interface DiskTransport extends ConformanceTransport {
  /** A blank device. */
  makeDevice(bytes: number): KitDevice;
  /** Ends the server as a crash does, and starts it again. */
  restart(): Promise<void>;
  /** Lets time pass. */
  pass(ms: number): Promise<void>;
}

/** Bytes of the log devices: room for ten times the regions, in blocks of any size. */
const DEVICE_BYTES = 64 * 1024;
/** What a restarted machine has given the log instead of its address before. */
const NEXT_LUID = 0x10_0000n;

/** A log on a device of so many regions, all clean but these, as the kernel's own disk log writes it. */
export function logImage(regions: number, dirty: readonly number[] = []): Uint8Array {
  const image = new Uint8Array(mirrBytes(regions, DEVICE_BYTES));
  writeMirrHeader(new DataView(image.buffer), regions);
  for (let region = 0; region < regions; region++) {
    const at = MIRR_BITS_AT + (region >>> 3);
    if (!dirty.includes(region)) image[at] = (image[at] ?? 0) | (1 << (region & 7));
  }
  return image;
}

/** What a scenario asks with about a log on a device, and where it looks at the device. */
export class DiskKernel extends KitKernel {
  readonly #transport: DiskTransport;
  readonly #device: KitDevice;

  constructor(transport: DiskTransport, uuid: string) {
    super(transport, uuid);
    this.#transport = transport;
    this.#device = transport.makeDevice(DEVICE_BYTES);
  }

  /** The constructor's words. */
  get words(): string {
    return `${LENGTH} clustered-disk ${this.#device.name} ${REGION_SECTORS}`;
  }

  put(image: Uint8Array): void {
    this.#device.put(image);
  }

  /** Constructs the log and resumes it, as a table that is loaded. */
  async start(image?: Uint8Array): Promise<void> {
    if (image !== undefined) this.put(image);
    const { error } = await this.construct(this.words);
    if (error !== 0) throw new Breach(`CTR "${this.words}" is answered with error ${error}`);
    await this.must('RESUME');
  }

  /** The header on the device, at the last answer. */
  header(): MirrHeader {
    return readMirrHeader(new DataView(this.#device.held().slice().buffer));
  }

  /** Whether a region is clean on the device, at the last answer. */
  isClean(region: number): boolean {
    return (((this.#device.held()[MIRR_BITS_AT + (region >>> 3)] ?? 0) >>> (region & 7)) & 1) === 1;
  }

  async isInSync(region: number): Promise<boolean> {
    return (await this.must('IN_SYNC', region)).values[0] === 1;
  }

  async syncCount(): Promise<number> {
    return (await this.must('GET_SYNC_COUNT')).values[0] ?? -1;
  }

  pass(ms: number): Promise<void> {
    return this.#transport.pass(ms);
  }

  /** Kills the server and starts it again; what the kernel then does when it says that it does not know the log. */
  async restartServer(): Promise<void> {
    await this.#transport.restart();
    if ((await this.ask('GET_SYNC_COUNT')).error === 0) return;
    const { error } = await this.construct(this.words, { reconnects: true });
    if (error !== 0) throw new Breach(`the reconnecting CTR is answered with error ${error}`);
    await this.must('RESUME');
  }

  /** Kills the server, and loads the table as after a start of the machine. */
  async restartMachine(): Promise<void> {
    await this.#transport.restart();
    this.luid += NEXT_LUID;
    await this.start();
  }
}
