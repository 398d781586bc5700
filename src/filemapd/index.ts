export * from './arguments.ts';
export * from './followed-file.ts';
export * from './monitor.ts';
export * from './run.ts';
export * from './run-options.ts';
export * from './start.ts';
