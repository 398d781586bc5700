import type { DmCommand } from '../kernel/dm-ioctl.ts';

/** An ioctl that is about to be made. */
export interface IoctlCall {
  /** The how-many-th of the kernel, from 1. */
  readonly index: number;
  readonly command: DmCommand;
  /** The device as the caller named it: name, uuid or `major:minor`; empty when it named none. */
  readonly device: string;
  /** A message's text. */
  readonly text: string | undefined;
  /** Whether the caller is ready to wait (`ioctlAsync`). */
  readonly mayWait: boolean;
}

/** Which ioctls fail, and how. */
export interface FaultRule {
  readonly errno: number;
  /** Only this command. */
  readonly command?: DmCommand;
  /** Only messages that begin with this. */
  readonly text?: string;
  /** Lets this many pass first, default 0. */
  readonly skip?: number;
  /** How many fail, default 1. */
  readonly times?: number;
}

/** Faults that wait for their ioctl. */
export class Faults {
  readonly #rules: { readonly rule: FaultRule; skip: number; times: number }[] = [];

  add(rule: FaultRule): void {
    this.#rules.push({ rule, skip: rule.skip ?? 0, times: rule.times ?? 1 });
  }

  /** The errno with which this call fails. */
  take(call: IoctlCall): number | undefined {
    for (const [index, entry] of this.#rules.entries()) {
      const { rule } = entry;
      if (rule.command !== undefined && rule.command !== call.command) continue;
      if (rule.text !== undefined && !(call.text ?? '').startsWith(rule.text)) continue;
      if (entry.skip > 0) {
        entry.skip--;
        continue;
      }
      if (--entry.times === 0) this.#rules.splice(index, 1);
      return rule.errno;
    }
    return undefined;
  }
}
