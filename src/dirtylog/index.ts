/**
 * The dirty-log server of device-mapper's mirrors: what a running one says (`askStatus()`, `askHeat()`, `takeEpoch()`,
 * `askChanges()`), policies of resync, traces, and the conformance kit for any server of the protocol.
 */
export * from './conformance/check.ts';
export { DiskKernel, type DiskTransport, type KitDevice } from './conformance/disk-kernel.ts';
export { Breach, type ConformanceTransport, type KitAnswer, KitKernel } from './conformance/kernel.ts';
export { MemoryServer } from './conformance/memory-server.ts';
export { ProcessServer } from './conformance/process-server.ts';
export type { Scenario } from './conformance/scenario.ts';
export * from './conformance/trace.ts';
export {
  type AskOptions,
  askChanges,
  askHeat,
  askStatus,
  type FullStatus,
  type Named,
  takeEpoch,
} from './daemon/client.ts';
export type { MirrorChanges, MirrorHeat, MirrorStatus, ServerStatus } from './daemon/messages.ts';
export type { LogEvent, LogPhase } from './ports.ts';
export * from './resync.ts';
export { changeBook, EMPTY_BOOK, type ResyncBook, settingsOf } from './resync-book.ts';
