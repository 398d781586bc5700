export * from './apply.ts';
export * from './extents.ts';
export * from './file-view.ts';
export * from './filemap.ts';
export { LOOK_AHEAD_BYTES, type Space } from './lookahead/geometry.ts';
export type { LookAheadOptions } from './lookahead/look-ahead.ts';
export * from './move.ts';
export * from './open-file.ts';
export * from './plan.ts';
