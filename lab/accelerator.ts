import { accessSync, constants, readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { cacheFolder } from './folders.ts';
import type { Accelerator } from './machine.ts';

// A nested host's KVM may assert or spin for ever: only a guest that booted proves it. The finding
// is kept until the host boots again.
const findingFile = () => join(cacheFolder(), 'accelerator');

/** What to try, in order. */
export function acceleratorsToTry(): Accelerator[] {
  try {
    accessSync('/dev/kvm', constants.R_OK | constants.W_OK);
  } catch {
    return ['tcg'];
  }
  try {
    const [boot, finding] = readFileSync(findingFile(), 'utf8').split(' ');
    if (boot === hostBoot()) return finding === 'kvm' ? ['kvm'] : ['tcg'];
  } catch {
    // Never tried.
  }
  return ['kvm', 'tcg'];
}

export async function rememberAccelerator(accelerator: Accelerator): Promise<void> {
  await mkdir(cacheFolder(), { recursive: true });
  await writeFile(findingFile(), `${hostBoot()} ${accelerator}`);
}

function hostBoot(): string {
  return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
}
