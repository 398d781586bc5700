import type { DeviceNumber } from '../kernel/dm-ioctl.ts';
import * as types from '../targets/index.ts';
import { onKernel } from '../targets/kernel-version.ts';
import type { BlockDevice } from './block-device.ts';
import { Refusal } from './errors.ts';
import type { Area, Model, ModelContext, StatusKind } from './mapping.ts';
import { cache } from './models/cache.ts';
import { crypt } from './models/crypt.ts';
import { delay } from './models/delay.ts';
import { error, linear, striped, unstriped, zero } from './models/fixed.ts';
import { flakey } from './models/flakey.ts';
import { mirror } from './models/mirror.ts';
import { snapshot, snapshotOrigin } from './models/snapshot.ts';
import { thin } from './models/thin.ts';
import { thinPool } from './models/thin-pool.ts';

/** What a target's constructor makes of its parameters. */
export interface Mapping {
  readonly model: Model;
  /** The devices that it opens, in that order. */
  readonly areas: readonly Area[];
  text(kind: StatusKind): string;
}

/** What a target's constructor may ask of the kernel. */
export interface TargetContext extends ModelContext {
  /** @throws Refusal ENXIO no such device, EINVAL it must not be used here */
  deviceAt(number: DeviceNumber): BlockDevice;
  /** @throws Refusal that nothing is there */
  deviceAtPath(path: string): BlockDevice;
  /** The version of the type that is constructed, as `1.4.0`. */
  readonly version: string;
}

/** What a kernel demands of a table with a target of the type. */
export interface TypeRules {
  readonly singleton: boolean;
  readonly immutable: boolean;
  /** It can take the place of an immutable one. */
  readonly wildcard: boolean;
}

/** A target type that can be loaded. */
export interface TargetType {
  rules(linux: types.KernelVersion): TypeRules;
  /** Makes a target of its words. @throws Refusal */
  construct(params: string, context: TargetContext): Mapping;
}

type MakeModel<V> = (values: V, areas: readonly Area[], context: TargetContext) => Model;

function open(device: types.Device, context: TargetContext): BlockDevice {
  return typeof device === 'string' ? context.deviceAtPath(device) : context.deviceAt(device);
}

function errnoOf(action: () => unknown): number | undefined {
  try {
    action();
    return undefined;
  } catch (error) {
    if (error instanceof Refusal) return error.errno;
    throw error;
  }
}

function targetType<V>(grammar: types.TargetGrammar<V>, makeModel: MakeModel<V> = () => ({})): TargetType {
  const { type, features } = grammar;
  return {
    rules: (linux) => ({
      singleton: onKernel(features.singleton ?? false, linux),
      immutable: onKernel(features.immutable ?? false, linux),
      wildcard: type === 'error',
    }),
    construct(params, context) {
      const { linux: kernel, length, readOnly } = context;
      const cannotOpen = (device: types.Device): number | undefined => errnoOf(() => open(device, context));
      const built = grammar.construct(params, { kernel, length, readOnly, cannotOpen });
      if (built.errno !== undefined) throw new Refusal(built.errno);
      const { target } = built;
      const used = target.devices(length).map(
        (use): Area => ({
          device: open(use.device, context),
          offset: use.offset,
          length: use.length,
          readOnly: use.mode === 'table' ? readOnly : use.mode === 'read',
        }),
      );
      const model = makeModel(target.values, used, context);
      const numberOf = (path: string): DeviceNumber => context.deviceAtPath(path).number;
      const table = target.readback({ kernel, numberOf }, { showKeys: true });
      return {
        model,
        areas: model.areas ?? used,
        text(kind) {
          if (kind === 'table') return model.table?.() ?? table;
          if (kind === 'info') return model.info?.() ?? '';
          const measured = model.ima?.();
          return measured === undefined ? '' : `target_name=${type},target_version=${context.version},${measured};`;
        },
      };
    },
  };
}

const modelled: ReadonlyMap<string, TargetType> = new Map([
  ['linear', targetType(types.linear, (_values, areas) => linear(areas))],
  ['striped', targetType(types.striped, ({ chunk }, areas) => striped(chunk, areas))],
  ['zero', targetType(types.zero, zero)],
  ['error', targetType(types.error, error)],
  ['unstriped', targetType(types.unstriped, unstriped)],
  ['delay', targetType(types.delay, delay)],
  ['flakey', targetType(types.flakey, flakey)],
  ['snapshot', targetType(types.snapshot, snapshot)],
  ['snapshot-origin', targetType(types.snapshotOrigin, snapshotOrigin)],
  ['thin-pool', targetType(types.thinPool, thinPool)],
  ['thin', targetType(types.thin, thin)],
  ['mirror', targetType(types.mirror, mirror)],
  ['cache', targetType(types.cache, cache)],
  ['crypt', targetType(types.crypt, crypt)],
]);

/** The target types whose tables can be loaded. */
export const TARGET_TYPES: ReadonlyMap<string, TargetType> = new Map([
  ...types.targetTypes.map((grammar): readonly [string, TargetType] => [grammar.type, targetType(grammar)]),
  ...modelled,
]);
