import { askHeat, askStatus, type FullStatus, stateOf } from '../dirtylog/daemon/client.ts';
import type { MirrorHeat } from '../dirtylog/daemon/messages.ts';
import { settingsOf } from '../dirtylog/resync-book.ts';
import { UsageError } from '../mapper/errors.ts';
import { SECTOR_BYTES } from '../mapper/units.ts';
import type { WireLog } from './wire.ts';

/** What is known of the mirrors with a served dirty log, and of where they are written. */
export interface ServedLogs {
  readonly status: Pick<FullStatus, 'mirrors' | 'resync'>;
  readonly heat: readonly MirrorHeat[];
}

/** Asks for the served dirty logs; undefined when none are served. @throws any error when they cannot be told */
export type AskLogs = (signal: AbortSignal) => Promise<ServedLogs | undefined>;

/** A server that is stopped or hangs is not waited for. */
const WAIT_MS = 5000;

/** Asks the dmlogd that runs on this machine. @throws Error when it does not answer or may not be asked */
export async function askDmlogd(end: AbortSignal, stateFolder?: string): Promise<ServedLogs | undefined> {
  const time = AbortSignal.timeout(WAIT_MS);
  const signal = AbortSignal.any([end, time]);
  try {
    return { status: await askStatus({ stateFolder, signal }), heat: await askHeat({ stateFolder, signal }) };
  } catch (error) {
    if (time.aborted) throw new Error(`dmlogd has not answered for ${WAIT_MS / 1000} s`);
    if (error instanceof UsageError) return undefined;
    throw error;
  }
}

/** Less heat than this is none: after some minutes without a write. */
const COLD = 0.01;

/** What the page is told of served logs. */
export function wireLogs({ status: { mirrors, resync }, heat }: ServedLogs): WireLog[] {
  const heats = new Map(heat.map((one) => [one.uuid, one]));
  return mirrors.map((mirror) => {
    const { uuid, devices, log, regions, regionSectors, inSync, dirty, recovering, failure } = mirror;
    const { parts = [], partRegions = 1 } = heats.get(uuid) ?? {};
    return {
      uuid,
      devices,
      log,
      state: stateOf(mirror),
      failure: failure?.reason ?? '',
      isPaused: settingsOf(resync, uuid).paused,
      regions,
      regionBytes: regionSectors * Number(SECTOR_BYTES),
      inSync,
      dirty,
      recovering: recovering ?? -1,
      partRegions,
      heat: parts.flatMap((writes, part) => (writes < COLD ? [] : [[part, Math.round(writes * 100) / 100] as const])),
    };
  });
}
