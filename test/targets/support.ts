import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import type { DeviceNumber } from '../../src/kernel/dm-ioctl.ts';
import type { KernelVersion, Readback, Status } from '../../src/targets/index.ts';

/** A table that a real kernel was given, and what it said. */
export interface Captured {
  readonly kernel: KernelVersion;
  readonly type: string;
  readonly params: string;
  /** The refusal's name; undefined when the table was loaded. */
  readonly errno: string | undefined;
  readonly readOnly: boolean;
  readonly states: CapturedText[];
}

/** A line of `DM_TABLE_STATUS`. */
export interface CapturedText {
  readonly form: 'INFO' | 'TABLE';
  readonly type: string;
  readonly length: bigint;
  readonly text: string;
}

const LOAD = /^\[([a-z-]+)\] '(.*)': (?:(E[A-Z]+)$|rc=0 fl=(\S*))/;
const STATE = /^ {3}(INFO|TABLE) \[\(0, (\d+), '([a-z-]+)', '(.*)', \d+\)\]$/;

function lines(name: string): string[] {
  return readFileSync(new URL(`../../../test/golden/${name}`, import.meta.url), 'utf8').split('\n');
}

/** The loads of a capture with the texts that follow each. */
export function capturedLoads(kernel: KernelVersion): Captured[] {
  const loads: Captured[] = [];
  for (const line of lines(`targets-${kernel.replace('.', '')}.txt`)) {
    const [, type, params, errno, flags = ''] = LOAD.exec(line) ?? [];
    if (type !== undefined && params !== undefined) {
      loads.push({ kernel, type, params, errno, readOnly: flags.split('|').includes('RO'), states: [] });
    }
    const state = stateOf(line);
    if (state !== undefined) loads.at(-1)?.states.push(state);
  }
  return loads;
}

/** All status and table texts of a kernel's captures. */
export function capturedTexts(kernel: KernelVersion): CapturedText[] {
  const suffix = kernel.replace('.', '');
  return [`targets-${suffix}.txt`, `thin-full-${suffix}.txt`].flatMap((name) =>
    lines(name).flatMap((line) => stateOf(line) ?? []),
  );
}

function stateOf(line: string): CapturedText | undefined {
  const [, form, length, type, text] = STATE.exec(line) ?? [];
  if ((form !== 'INFO' && form !== 'TABLE') || length === undefined || type === undefined || text === undefined) {
    return undefined;
  }
  return { form, type, length: BigInt(length), text };
}

/** The numbers of the devices that the captures name by path. */
function numberOf(path: string): DeviceNumber {
  const [, kind, minor] = /^\/dev\/(ram|dm-)(\d+)$/.exec(path) ?? [];
  if (minor === undefined) throw new RangeError(`${path} is in no capture`);
  return { major: kind === 'ram' ? 1 : 254, minor: Number(minor) };
}

/** How a kernel of the captures prints back. */
export function readbackOn(kernel: KernelVersion): Readback {
  return { kernel, numberOf };
}

/** A table's text; integrity's without the journal's size, which the kernel takes from the device, and without the count. */
export function comparable(type: string, text: string): string {
  if (type !== 'integrity') return text;
  const words = text.split(' ').filter((word) => !word.startsWith('journal_sectors:'));
  return words.toSpliced(4, 1).join(' ');
}

/** The value of a status that must be readable to its end. */
export function readable<S>(status: Status<S>): S {
  if (status.kind !== 'parsed') throw new Error(`${status.raw}: ${status.reason}`);
  assert.deepEqual(status.rest, []);
  return status.value;
}
