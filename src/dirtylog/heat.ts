/** A mirror is divided into at most so many parts, each of a power of two of regions. */
const MAX_PARTS = 4096;
/** What remains of the heat with each call of `cool()`: half of it after some 70. */
const REMAINS = 0.99;

/** How much the parts of a mirror have been written lately: what the resync by heat goes by, and the heat map shows. */
export class Heat {
  /** Regions of a part: 2 to this power. */
  readonly shift: number;
  /** Writes of each part, the older ones counting less. */
  readonly parts: Float64Array;

  constructor(regions: number) {
    let shift = 0;
    while (regions / 2 ** shift > MAX_PARTS) shift++;
    this.shift = shift;
    this.parts = new Float64Array(Math.ceil(regions / 2 ** shift));
  }

  get partRegions(): number {
    return 2 ** this.shift;
  }

  /** How warm the part is that a region is in. */
  of(region: number): number {
    return this.parts[region >>> this.shift] ?? 0;
  }

  /** A region is about to be written. */
  add(region: number): void {
    const part = region >>> this.shift;
    this.parts[part] = (this.parts[part] as number) + 1;
  }

  /** Time has passed: one step. */
  cool(): void {
    for (let part = 0; part < this.parts.length; part++) this.parts[part] = (this.parts[part] as number) * REMAINS;
  }
}
