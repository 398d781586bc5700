import assert from 'node:assert/strict';
import { SimulatedKernel } from '../../src/simulator/index.ts';
import { type Line, messagePayload, probe, tablePayload } from './support.ts';

/** A kernel with disks `1:0` to `1:7`, of 4 MiB unless told. */
export function world(diskSectors = 8192) {
  const kernel = new SimulatedKernel();
  const disks = Array.from({ length: 8 }, (_, minor) =>
    kernel.addDisk({ sectors: diskSectors, number: { major: 1, minor }, discards: false }),
  );
  const node = kernel.openControl();
  const resume = (name: string): string => probe(node, 'DM_DEV_SUSPEND', { name }).text;
  const load = (name: string, ...lines: Line[]): string =>
    probe(node, 'DM_TABLE_LOAD', { name, targetCount: lines.length, payload: tablePayload(lines) }).text;
  const make = (name: string, ...lines: Line[]): void => {
    probe(node, 'DM_DEV_CREATE', { name });
    assert.match(load(name, ...lines), /^rc=0/);
    assert.match(resume(name), /^rc=0/);
  };
  const suspend = (name: string): string => probe(node, 'DM_DEV_SUSPEND', { name, flags: 2 }).text;
  const tell = (name: string, text: string): string =>
    probe(node, 'DM_TARGET_MSG', { name, payload: messagePayload(text) }).text.replace(/^rc=0.*/, 'ok');
  const events = (name: string): number => kernel.device(name).events.value;
  return { kernel, clock: kernel.clock, disks, node, make, load, resume, suspend, tell, events };
}

/** Sectors full of a letter. */
export const sectors = (letter: string, count: number): Uint8Array =>
  new Uint8Array(512 * count).fill(letter.charCodeAt(0));

/** The first letter of each sector; a dot for zeros. */
export function letters(bytes: Uint8Array): string {
  let text = '';
  for (let at = 0; at < bytes.length; at += 512) text += bytes[at] === 0 ? '.' : String.fromCharCode(bytes[at] ?? 0);
  return text;
}
