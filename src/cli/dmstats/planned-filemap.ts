import type { Mapping } from '../../filemap/packing/mapping.ts';
import type { Price } from '../../filemap/packing/pack.ts';
import type { JsonValue } from '../../report/json.ts';

const MIB = 2 ** 20;

const mib = ({ bytes }: Price): string => `${(bytes / MIB).toFixed(bytes < 100 * MIB ? 1 : 0)} MiB`;
const counted = (count: number, word: string): string => `${count} ${word}${count === 1 ? '' : 's'}`;

/** What `create --filemap --dry-run` says of a file. */
export function plannedText(given: string, { extents, packing, price, unpacked }: Mapping): string {
  const { spans } = packing;
  const sharing = spans.reduce((sum, { runs }) => sum + runs.length, 0);
  const shared =
    spans.length === 0
      ? ''
      : `, ${2 * spans.length} of them shared by ${counted(sharing, 'extent')} in ${counted(price.areas, 'area')}`;
  const cost = `${mib(price)} of kernel memory, ${counted(price.regions, 'drain')} of the device`;
  const otherwise =
    spans.length === 0
      ? ''
      : `${given}: A region for each extent would be ${counted(unpacked.regions, 'region')} with ${mib(unpacked)}.\n`;
  return (
    `${given}: Would create a group with ${counted(price.regions, 'region')} for ${counted(extents, 'extent')}` +
    `${shared}: ${cost}, ${counted(price.regions, 'list step')} on each of its I/Os.\n${otherwise}`
  );
}

/** The same for programs. */
export function plannedRecord({ extents, packing, price, unpacked, memory }: Mapping): Record<string, JsonValue> {
  return {
    extent_count: extents,
    region_count: price.regions,
    single_region_count: packing.single.length,
    packed_region_count: 2 * packing.spans.length,
    packed_area_count: price.areas,
    kernel_memory_bytes: price.bytes,
    unpacked_region_count: unpacked.regions,
    unpacked_kernel_memory_bytes: unpacked.bytes,
    free_kernel_memory_bytes: memory.limitBytes - memory.usedBytes,
  };
}
