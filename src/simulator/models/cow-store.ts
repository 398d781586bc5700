/** Bytes of an exception on the medium: two chunk numbers of 64 bits. */
const EXCEPTION_BYTES = 16;
const SECTOR_BYTES = 512;
/** The chunk in front of the areas of exceptions. */
const HEADER_CHUNKS = 1;

/** Where a snapshot keeps the chunks that differ (drivers/md/dm-snap-persistent.c, dm-snap-transient.c). */
export class CowStore {
  readonly chunkSectors: number;
  readonly persistent: boolean;
  readonly #perArea: number;
  /** Chunks of the origin, and where they are. */
  readonly #exceptions = new Map<number, number>();
  /** A copy that could not be made spoils the whole, for good. */
  valid = true;
  #next: number;

  constructor(chunkSectors: number, persistent: boolean) {
    this.chunkSectors = chunkSectors;
    this.persistent = persistent;
    this.#perArea = (chunkSectors * SECTOR_BYTES) / EXCEPTION_BYTES;
    this.#next = persistent ? HEADER_CHUNKS + 1 : 0;
  }

  find(chunk: number): number | undefined {
    return this.#exceptions.get(chunk);
  }

  /** Makes room for a chunk. @returns where, or undefined when the device, of so many sectors, is full */
  allocate(chunk: number, sectors: number): number | undefined {
    const place = this.#next;
    if (sectors < (place + 1) * this.chunkSectors) return undefined;
    this.#next++;
    // Each area of exceptions is followed by the chunks that it is about.
    if (this.persistent && this.#next % (this.#perArea + 1) === HEADER_CHUNKS) this.#next++;
    this.#exceptions.set(chunk, place);
    return place;
  }

  /** Sectors in use. */
  get usedSectors(): number {
    return this.#next * this.chunkSectors;
  }

  /** Of these, those without data. */
  get metadataSectors(): number {
    if (!this.persistent) return 0;
    // A full area makes the next one at once.
    const areas = Math.floor(this.#exceptions.size / this.#perArea) + 1;
    return (HEADER_CHUNKS + areas) * this.chunkSectors;
  }
}
