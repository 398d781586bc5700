import { blockNumber } from '../mapper/block-number.ts';
import { deviceFolder } from '../mapper/control-node.ts';
import type { DeviceRef } from '../mapper/device-ref.ts';
import { mangledName } from '../mapper/mangle.ts';
import { MAX_NAME_BYTES } from '../mapper/names.ts';

/** What a word may name, the likeliest first. */
export function candidates(word: string, env: NodeJS.ProcessEnv): DeviceRef[] {
  const folder = `${deviceFolder(env)}/mapper/`;
  const isPath = word.includes('/');
  // Also when there is no node, as on systems without udev.
  const name = word.startsWith(folder) ? word.slice(folder.length) : isPath ? '' : word;
  const names = name === '' || name.includes('/') ? [] : [...new Set([name, mangledName(name, env)])];
  const refs: DeviceRef[] = names
    .filter((text) => Buffer.byteLength(text) <= MAX_NAME_BYTES)
    .map((text) => ({ name: text }));
  const number = isPath ? blockNumber(word) : undefined;
  return number === undefined ? refs : [...refs, number];
}
