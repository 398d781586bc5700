export * from './apply.ts';
export * from './delete-regions.ts';
export * from './extents.ts';
export * from './fiemap-file.ts';
export * from './file-view.ts';
export * from './filemap.ts';
export { type AskedGroup, type GroupPlace, placeOfGroup } from './group-place.ts';
export { LOOK_AHEAD_BYTES, type Space } from './lookahead/geometry.ts';
export type { LookAheadOptions } from './lookahead/look-ahead.ts';
export * from './move.ts';
export * from './open-file.ts';
export { type Mapping, planMapping, type RegionLimit } from './packing/mapping.ts';
export * from './packing/pack.ts';
export type { PackingPlan, Repack } from './packing/repack.ts';
export * from './plan.ts';
export { notOnDeviceMapper } from './refusals.ts';
export {
  type Composed,
  type ComposedParts,
  composeMap,
  composeParts,
  type Part,
  type RunsBelow,
  type Unplaced,
} from './stack/compose.ts';
export type { WayMapper } from './stack/nodes.ts';
export { findWay, type Way } from './stack/way.ts';
export * from './update.ts';
