import { ERRNO } from '../kernel/errno.ts';
import { Refusal } from './errors.ts';
import type { MessageResult } from './messages.ts';
import type { RegionDefinition, StatsMessage } from './stats-messages.ts';
import { type Completion, type CountedIo, type Direction, type Instant, StatsRegion } from './stats-region.ts';

/** What the statistics' memory is charged against; the kernel allows a quarter of the machine's. */
export interface StatsMemory {
  usedBytes: number;
  readonly limitBytes: number;
  /** Possible CPUs: each has counters of its own. */
  readonly cpus: number;
}

/** What kernels differ in. Newer ones refuse by number what older ones refuse for want of memory. */
export interface StatsLimits {
  readonly areas: bigint;
  readonly bins: bigint;
}

const U64_LIMIT = 2n ** 64n;
const INT_MAX = 2_147_483_647;
// Debian's kernels are built for 8192 CPUs, and every region holds a pointer for each.
const REGION_BYTES = 128n + 8n * 8192n;

/** A message that changes or reads what is there; `create` is done in two steps, see `DeviceStats`. */
export type ImmediateMessage = Exclude<StatsMessage, { kind: 'create' }>;

/** The statistics of one device: its regions, ordered by id. */
export class DeviceStats {
  readonly #memory: StatsMemory;
  readonly #limits: StatsLimits;
  readonly #millisecondsPerJiffy: number;
  readonly #regions: StatsRegion[] = [];
  readonly #lastByCpu = new Map<number, { readonly end: number; readonly direction: Direction }>();

  constructor(memory: StatsMemory, limits: StatsLimits, millisecondsPerJiffy: number) {
    this.#memory = memory;
    this.#limits = limits;
    this.#millisecondsPerJiffy = millisecondsPerJiffy;
  }

  /** The regions, by id. */
  get regions(): readonly StatsRegion[] {
    return this.#regions;
  }

  /**
   * The memory that a region needs, charged at once: the kernel allocates before it drains the device.
   * @throws Refusal EOVERFLOW too many areas or bins, ENOMEM no memory for them
   */
  charge({ length, step, bounds }: RegionDefinition): number {
    const areas = (length + step - 1n) / step;
    const bins = BigInt(bounds.length) + 1n;
    if (areas > this.#limits.areas || areas * bins > this.#limits.bins) throw new Refusal(ERRNO.EOVERFLOW);
    const shared = REGION_BYTES + 120n * areas;
    const histogram = 8n * bins * areas;
    if (shared >= U64_LIMIT || histogram >= U64_LIMIT) throw new Refusal(ERRNO.EOVERFLOW);
    const cpus = BigInt(this.#memory.cpus);
    const charged = shared + 104n * areas * cpus + (bounds.length === 0 ? 0n : histogram * (1n + cpus));
    if (charged > BigInt(this.#memory.limitBytes - this.#memory.usedBytes)) throw new Refusal(ERRNO.ENOMEM);
    this.#memory.usedBytes += Number(charged);
    return Number(charged);
  }

  /** Gives back what `charge` took for a region that never came to be. */
  uncharge(memoryBytes: number): void {
    this.#memory.usedBytes -= memoryBytes;
  }

  /** Adds a region under the lowest free id. The device must have no I/O in flight. */
  insert(definition: RegionDefinition, memoryBytes: number): number {
    let id = 0;
    while (this.#regions[id]?.id === id) id++;
    if (id === INT_MAX) throw new Refusal(ERRNO.ENFILE);
    this.#regions.splice(id, 0, new StatsRegion(id, definition, memoryBytes, this.#millisecondsPerJiffy));
    return id;
  }

  /**
   * Does what a message says.
   *
   * @param limit the answer's room in bytes
   * @throws Refusal ENOENT no such region
   */
  run(message: ImmediateMessage, now: Instant, limit: number): MessageResult {
    if (message.kind === 'list') {
      let answer = '';
      for (const region of this.#regions) {
        if (message.programId !== undefined && message.programId !== region.definition.programId) continue;
        answer += region.line();
        if (answer.length + 1 >= limit) return 'full';
      }
      return { answer };
    }
    const index = this.#regions.findIndex((candidate) => candidate.id === message.id);
    const region = this.#regions[index];
    if (region === undefined) throw new Refusal(ERRNO.ENOENT);
    switch (message.kind) {
      case 'print': {
        const answer = region.print(message.firstArea, message.areaCount, message.clear, now, limit);
        return answer === undefined ? 'full' : { answer };
      }
      case 'clear':
        region.clearAll(now);
        return { answer: '' };
      case 'setAux':
        region.auxData = message.auxData;
        return 'silent';
      case 'delete':
        this.#regions.splice(index, 1);
        this.#memory.usedBytes -= region.memoryBytes;
        return 'silent';
    }
  }

  /** Frees all regions: the device goes. */
  destroy(): void {
    for (const region of this.#regions) this.#memory.usedBytes -= region.memoryBytes;
    this.#regions.length = 0;
  }

  /** An I/O begins; the answer says whether it counts as merged. Without regions the kernel does not even look. */
  begin(io: CountedIo, cpu: number, now: Instant): boolean {
    if (this.#regions.length === 0) return false;
    const last = this.#lastByCpu.get(cpu);
    const merged = last !== undefined && last.end === io.sector && last.direction === io.direction;
    this.#lastByCpu.set(cpu, { end: io.sector + io.sectors, direction: io.direction });
    for (const region of this.#regions) region.begin(io, now);
    return merged;
  }

  /** An I/O ends. */
  end(io: CountedIo, now: Instant, completion: Completion): void {
    for (const region of this.#regions) region.end(io, now, completion);
  }
}
