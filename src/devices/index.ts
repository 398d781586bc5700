/**
 * Devices: linear, thin pool, thin, cache; graphs of devices made and removed together; tables swapped safely. What fails
 * is undone, and what is to be done can be shown first.
 *
 * @packageDocumentation
 */
export { blockNumber } from '../mapper/block-number.ts';
export { CacheDevice, type DesiredCache } from './cache-device.ts';
export {
  type CacheMode,
  type CachePolicy,
  type CacheSettings,
  type CacheStatus,
  MAX_CACHE_BLOCK_SIZE,
  MIN_CACHE_BLOCK_SIZE,
} from './cache-table.ts';
export { deviceExists } from './exists.ts';
export { type ActivationOptions, ActiveGraph, activate, applyActivation, prepareActivation } from './graph/activate.ts';
export { deactivate } from './graph/deactivate.ts';
export { type DesiredDevice, tableOf } from './graph/desired.ts';
export {
  type ActivationChecks,
  ActivationPlan,
  type ActivationStep,
  type ExistingDevice,
  planActivation,
} from './graph/plan-activation.ts';
export { planDeactivation, type StackedDevice } from './graph/plan-deactivation.ts';
export type { DeviceOptions } from './host.ts';
export { RollbackError } from './journal.ts';
export { LinearDevice, type Segments } from './linear-device.ts';
export { deviceSize, type Machine, systemMachine } from './machine.ts';
export { ManagedDevice } from './managed-device.ts';
export type { Mapper } from './mapper.ts';
export { type PoolFeatures, type PoolSettings, type PoolState, type PoolStatus, poolState } from './pool-table.ts';
export { sameTable } from './same-table.ts';
export type { DeepSurvey, Survey } from './survey.ts';
export { applySwap, type SwapOptions } from './swap/apply-swap.ts';
export {
  planSwap,
  type SavedTable,
  SwapPlan,
  type SwapState,
  type SwapStep,
  type WantedTable,
} from './swap/plan-swap.ts';
export { prepareSwap, swapTable } from './swap/swap.ts';
export { type StateAfterSwap, SwapError } from './swap/swap-error.ts';
export { type ThinDevId, thinDevId } from './thin-dev-id.ts';
export { type DesiredSnapshot, type DesiredThin, ThinDevice } from './thin-device.ts';
export { type DesiredPool, ThinPool } from './thin-pool-device.ts';
export type { ThinStatus } from './thin-table.ts';
