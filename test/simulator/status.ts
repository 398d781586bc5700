import { DM_FLAGS, DmIoctl, DmTargetSpec } from '../../src/kernel/index.ts';
import type { SimulatedControlNode } from '../../src/simulator/index.ts';
import { probe } from './support.ts';

function textOf(node: SimulatedControlNode, name: string, flags: number): string {
  const { text, bytes } = probe(node, 'DM_TABLE_STATUS', { name, flags });
  if (!text.startsWith('rc=0')) return text;
  const at = DmIoctl.at(bytes).dataStart + DmTargetSpec.size;
  return Buffer.from(bytes.subarray(at, bytes.indexOf(0, at))).toString('latin1');
}

/** The status of a device's first target. */
export function status(node: SimulatedControlNode, name: string): string {
  return textOf(node, name, 0);
}

/** The parameters of a device's first target, as the kernel prints them. */
export function tableText(node: SimulatedControlNode, name: string): string {
  return textOf(node, name, DM_FLAGS.STATUS_TABLE);
}
