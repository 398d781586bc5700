import { UsageError } from '../mapper/errors.ts';
import type { Target } from '../targets/target.ts';

/** A target as it is, when the kernel would take it. @throws UsageError that names the first word that it would not */
export function checkedTarget<T extends Pick<Target, 'problems' | 'tableLine'>>(target: T, length: bigint): T {
  const refused = target.problems({ length }).find(({ errno }) => errno !== undefined);
  if (refused !== undefined) throw new UsageError(refused.message);
  return target;
}
