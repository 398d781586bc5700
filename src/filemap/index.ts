export * from './apply.ts';
export * from './extents.ts';
export * from './file-view.ts';
export * from './filemap.ts';
export * from './open-file.ts';
export * from './plan.ts';
