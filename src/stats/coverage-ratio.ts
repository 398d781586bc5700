/**
 * The counted share, from 0 to 1, taking it that each missed sector was read or written once; 1 when there was nothing to
 * miss.
 *
 * @param counted sectors, as `missed`
 */
export function coverageRatio(counted: bigint, missed: bigint): number {
  const all = counted + missed;
  return all === 0n ? 1 : Number(counted) / Number(all);
}
