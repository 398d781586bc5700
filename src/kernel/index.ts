export * from './byte-text.ts';
export * from './dm-ioctl.ts';
export * from './dm-log-userspace.ts';
export * from './errno.ts';
export * from './fiemap.ts';
export * from './inotify.ts';
export * from './sem.ts';
export * from './struct.ts';
