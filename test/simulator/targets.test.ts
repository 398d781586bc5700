import assert from 'node:assert/strict';
import test from 'node:test';
import { DM_FLAGS } from '../../src/kernel/index.ts';
import { type KernelRelease, SimulatedKernel } from '../../src/simulator/index.ts';
import { type KernelVersion, targetTypes } from '../../src/targets/index.ts';
import { type Captured, capturedLoads } from '../targets/support.ts';
import { status, tableText } from './status.ts';
import { probe, tablePayload } from './support.ts';

const kernels: readonly (KernelVersion & KernelRelease)[] = ['6.1', '6.12'];
const known = new Set(targetTypes.map(({ type }) => type));
const DISK_SECTORS = 131_072;

/** Types whose fresh status is simulated, or is empty. */
const STATUS = [
  ...['linear', 'striped', 'zero', 'error', 'delay', 'flakey', 'unstriped', 'switch', 'snapshot-origin', 'snapshot'],
  ...['crypt', 'thin-pool', 'mirror', 'cache'],
];

/**
 * What the words alone do not decide: the superblock of integrity, a raid module that was not loaded, request-based
 * multipath on a disk that has no requests, an unformatted vdo.
 */
const isUndecided = ({ type, params }: Captured): boolean =>
  type === 'integrity' ||
  type === 'vdo' ||
  (type === 'raid' && params.startsWith('raid0 ')) ||
  /^0 0 1 1 /.test(params);

/** A kernel with the probe's ram disks, which take discards on 6.12 only. */
function ramDisks(kernel: KernelVersion & KernelRelease): SimulatedKernel {
  const simulated = new SimulatedKernel({ kernel });
  for (let minor = 0; minor < 8; minor++) {
    const discards = kernel === '6.12';
    simulated.addDisk({ sectors: DISK_SECTORS, number: { major: 1, minor }, path: `/dev/ram${minor}`, discards });
  }
  return simulated;
}

/** Loads a captured table in a kernel of its own and makes it live. @returns the refusal, or its texts */
function load(kernel: KernelVersion & KernelRelease, { type, params, readOnly, states, errno }: Captured): unknown {
  const simulated = ramDisks(kernel);
  const node = simulated.openControl();
  probe(node, 'DM_DEV_CREATE', { name: 't' });
  const length = states[0]?.length ?? 1024n;
  // What was refused for being read-only is known by its words only.
  const asked = readOnly || (errno !== undefined && type === 'thin-pool' && params.endsWith('ram6 128 0'));
  const payload = tablePayload([[0n, length, type, params]]);
  const flags = asked ? DM_FLAGS.READONLY : 0;
  const { text } = probe(node, 'DM_TABLE_LOAD', { name: 't', targetCount: 1, payload, flags });
  if (!text.startsWith('rc=0')) return text;
  probe(node, 'DM_DEV_SUSPEND', { name: 't' });
  return { INFO: status(node, 't'), TABLE: tableText(node, 't') };
}

for (const kernel of kernels) {
  test(`SimulatedKernel makes of each captured table what Linux ${kernel} made of it`, () => {
    let compared = 0;
    for (const captured of capturedLoads(kernel)) {
      const { type, params, errno, states } = captured;
      // Thin devices, and a second pool on the same metadata, have a test of their own.
      if (!known.has(type) || type === 'thin' || params.startsWith('/dev/ram5 /dev/ram7')) continue;
      if (isUndecided(captured)) continue;
      const made = load(kernel, captured);
      const expected = Object.fromEntries(states.slice(0, 2).map(({ form, text }) => [form, text]));
      if (errno === undefined && !STATUS.includes(type)) Object.assign(expected, { INFO: undefined });
      const answer = typeof made === 'object' && !STATUS.includes(type) ? { ...made, INFO: undefined } : made;
      assert.deepEqual(answer, errno ?? expected, `${type} ${params}`);
      compared++;
    }
    assert.ok(compared > 60, `${compared} tables were compared`);
  });
}
