export * from './carried.ts';
export * from './counters.ts';
export * from './device-stats.ts';
export * from './group.ts';
export * from './group-tag.ts';
export * from './histogram-bounds.ts';
export * from './metrics.ts';
export * from './region.ts';
export { quoted } from './words.ts';
