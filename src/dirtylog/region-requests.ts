/** The requests about regions of a loaded log, decided. */
import { DM_ULOG } from '../kernel/dm-log-userspace.ts';
import { ERRNO } from '../kernel/errno.ts';
import type { Held } from './held.ts';
import type { BitImage } from './logs/bit-image.ts';
import type { RegionLog } from './logs/region-log.ts';
import type { LogEvent } from './ports.ts';
import type { Datagram } from './protocol/datagram.ts';
import type { ServedLog, SharedLog } from './shared-log.ts';

/** A length of the reply that says: not yet. */
export const NOT_YET = -1;

/** What a request is to wait for. Reused: the hot path makes no object. */
export interface WaitPoints {
  medium: number;
  survivor: number;
}

/**
 * Answers a request about regions in place.
 *
 * @param wait filled when the answer must wait until something is durable
 * @returns the reply's length, or `NOT_YET`
 */
export function answerRegions(
  datagram: Datagram,
  served: ServedLog,
  shared: SharedLog,
  log: RegionLog,
  wait: WaitPoints,
  event: (event: LogEvent) => void,
): number {
  switch (datagram.type) {
    case DM_ULOG.IS_CLEAN: {
      const region = datagram.region(0);
      return datagram.replyNumber(region < log.regionCount && log.isClean(region) ? 1 : 0);
    }
    case DM_ULOG.IN_SYNC: {
      const region = datagram.region(0);
      // Never an error: the kernel would take it as "not in sync" and write to one leg only, without a mark.
      if (region >= log.regionCount || !log.isInSync(region)) {
        if (region < log.regionCount) log.heat.add(region);
        return datagram.replyNumber(0);
      }
      return datagram.replyNumber(1);
    }
    case DM_ULOG.FLUSH:
      return flush(datagram, log, wait);
    case DM_ULOG.MARK_REGION:
      return mark(datagram, log, wait);
    case DM_ULOG.CLEAR_REGION:
      if (shared.owner === served) clear(datagram, log);
      return datagram.reply();
    case DM_ULOG.SET_REGION_SYNC:
      return setSync(datagram, served, shared, log, wait, event);
    case DM_ULOG.GET_RESYNC_WORK: {
      const region = shared.owner === served && served.phase === 'running' ? shared.nextRegion() : -1;
      return region < 0 ? datagram.replyPair(0, 0) : datagram.replyPair(1, region);
    }
    default:
      // IS_REMOTE_RECOVERING. Nobody else copies regions, and the kernel keeps its own copying and its writes apart:
      // no write has to wait. It asks no more about regions below the hint; at the number of regions it would ask for
      // no work either.
      return datagram.replyPair(0, log.regionCount - 1);
  }
}

/** Marks the payload's regions; whether the log has them all. */
function markAll(datagram: Datagram, log: RegionLog): boolean {
  let isComplete = true;
  for (let index = 0; index < datagram.regionCount; index++) {
    const region = datagram.region(index);
    if (region < log.regionCount) log.mark(region);
    else isComplete = false;
  }
  log.medium?.commit();
  return isComplete;
}

/**
 * The invariant that everything is for (I1): FLUSH is answered when every region marked before it is durably dirty.
 */
function flush(datagram: Datagram, log: RegionLog, wait: WaitPoints): number {
  if (!markAll(datagram, log)) return datagram.replyError(ERRNO.EINVAL);
  if (log.failure !== undefined) return datagram.replyError(ERRNO.EIO);
  if (log.medium === undefined || log.medium.isDurable) return datagram.reply();
  wait.medium = log.medium.point;
  wait.survivor = 0;
  return NOT_YET;
}

/**
 * MARK too is answered when it is durable, though only FLUSH would have to be: a server that dies between the two is
 * replaced by one that the kernel tells of the FLUSH alone. The FLUSH finds nothing left to write, so it costs the same.
 */
function mark(datagram: Datagram, log: RegionLog, wait: WaitPoints): number {
  if (!markAll(datagram, log)) return datagram.replyError(ERRNO.EINVAL);
  const { medium } = log;
  // A failure is the flush's to report: the kernel would only send the marks again, one by one.
  if (medium === undefined || medium.failure !== undefined) return datagram.reply();
  let point = 0;
  for (let index = 0; index < datagram.regionCount; index++) {
    point = Math.max(point, medium.pointOf(datagram.region(index)));
  }
  if (medium.hasReached(point)) return datagram.reply();
  wait.medium = point;
  wait.survivor = 0;
  return NOT_YET;
}

function clear(datagram: Datagram, log: RegionLog): void {
  for (let index = 0; index < datagram.regionCount; index++) {
    const region = datagram.region(index);
    if (region < log.regionCount) log.clear(region);
  }
}

function setSync(
  datagram: Datagram,
  served: ServedLog,
  shared: SharedLog,
  log: RegionLog,
  wait: WaitPoints,
  event: (event: LogEvent) => void,
): number {
  const region = datagram.region(0);
  if (region >= log.regionCount) return datagram.reply();
  const isInSync = datagram.region(1) !== 0;
  // A table that has been replaced cannot say that regions are alike, only that they are not.
  if (isInSync && shared.owner !== served) return datagram.reply();
  if (shared.recovering === region) shared.recovering = -1;
  const before = log.outOfSync.count;
  log.setSync(region, isInSync);
  log.commit();
  if (!isInSync) event({ type: 'outOfSync', uuid: shared.uuid, region });
  else if (before > 0 && log.outOfSync.count === 0) event({ type: 'resyncDone', uuid: shared.uuid });
  // Of a region in sync, what survives the server must know too: the kernel, once all is in sync, asks for work no more.
  wait.medium = isInSync ? 0 : (log.medium?.pointOf(region) ?? 0);
  wait.survivor = log.survivor?.pointOf(region) ?? 0;
  return isAsDurableAsCanBe(log, wait.medium, wait.survivor) ? datagram.reply() : NOT_YET;
}

function isDurable({ medium, survivor }: RegionLog, mediumPoint: number, survivorPoint: number): boolean {
  return (medium?.hasReached(mediumPoint) ?? true) && (survivor?.hasReached(survivorPoint) ?? true);
}

/** A copy that has failed takes nothing more; the other one must still have it. */
function isAsDurableAsCanBe({ medium, survivor }: RegionLog, mediumPoint: number, survivorPoint: number): boolean {
  return hasSettled(medium, mediumPoint) && hasSettled(survivor, survivorPoint);
}

function hasSettled(image: BitImage | undefined, point: number): boolean {
  return image === undefined || image.failure !== undefined || image.hasReached(point);
}

/** Answers a request that waited for durability, when it has come or cannot come; else `NOT_YET`. */
export function answerWaiting({ datagram, mediumPoint, survivorPoint }: Held, log: RegionLog): number {
  if (isDurable(log, mediumPoint, survivorPoint)) return datagram.reply();
  if (datagram.type === DM_ULOG.FLUSH && log.failure !== undefined) return datagram.replyError(ERRNO.EIO);
  if (datagram.type === DM_ULOG.FLUSH || !isAsDurableAsCanBe(log, mediumPoint, survivorPoint)) return NOT_YET;
  return datagram.reply();
}
