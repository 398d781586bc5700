import type { BlockStore } from '../block-store.ts';
import { Changes } from '../changes.ts';
import { Pace } from '../pace.ts';
import type { LogArguments } from './arguments.ts';
import { BitImage, type ReadOptions, UnusableStore } from './bit-image.ts';
import { RegionLog } from './region-log.ts';

/** Words handled between two looks at the clock. */
const PIECE_WORDS = 128;

/** What a log is loaded from. */
export interface LoadOptions {
  readonly arguments: LogArguments;
  /** The log device; undefined for a core log. */
  readonly device: BlockStore | undefined;
  /** What survives the server; undefined when nothing does. */
  readonly run: BlockStore | undefined;
  /** The log as this server knows it, from before a suspend or of the table that is being replaced. */
  readonly previous: RegionLog | undefined;
  /** Whether a running kernel comes back to a server that has forgotten it: its table's words describe the past then. */
  readonly reconnects: boolean;
  /** Whether the table's `sync` is still to be obeyed: once, at the first resume. */
  readonly isFirst: boolean;
  /** Lets other work in. */
  readonly pause: () => Promise<void>;
  /** Milliseconds of the monotonic clock. */
  readonly now: () => number;
}

/** A loaded log, and what the operator should know of how it came about. */
export interface LoadedLog {
  readonly log: RegionLog;
  /** Why the log device does not speak for it all, and regions are copied again that might be alike. */
  readonly loss: string | undefined;
  /** Whether the kernel may believe all to be in sync while it is not, and asks for work only after a suspend and resume. */
  readonly needsResume: boolean;
}

/**
 * Decides which regions are in sync and clean, from all that is known, and writes it down; a doubt makes a region out of
 * sync. Never throws: a log that cannot be kept has a `failure`, and its flushes are to fail.
 */
export async function loadLog(options: LoadOptions): Promise<LoadedLog> {
  const { arguments: words, device, run, reconnects, previous } = options;
  const { regionCount, regionSectors } = words;
  const pace = new Pace(options);
  const medium = device === undefined ? undefined : new BitImage(regionCount, device, options.pause);
  await pace.step();
  const survivor = run === undefined ? undefined : new BitImage(regionCount, run, options.pause);
  await pace.step();
  const log = new RegionLog(regionCount, regionSectors, { medium, survivor, changes: changesOf(options) });
  await pace.step();
  // What the previous log has in flight would overwrite what this one writes.
  await previous?.retire();

  const survived = await readSurvivor(survivor, reconnects && previous === undefined, pace);
  const isResized = previous !== undefined && previous.regionSectors !== regionSectors;
  const isForced = isResized || (words.sync === 'sync' && options.isFirst && !survived);
  // A server that has lost the log does not know what the table's nosync was true of.
  const isAlike = words.sync === 'nosync' && !reconnects && !isForced;
  const read = await readMedium(medium, { ignore: isForced, fresh: isAlike ? 1 : 0, pace });
  const facts: Facts = {
    previous: isForced ? undefined : previous,
    survived,
    fresh: isAlike ? -1 : 0,
    isReadable: read.error === undefined,
  };
  for (let index = 0; index < log.outOfSync.wordCount; index++) {
    merge(log, index, facts);
    if (index % PIECE_WORDS === 0) await pace.step();
  }
  // Of a store that failed, nobody knows what it holds. A disk may well be written where it could not be read.
  const isDoubtful = previous?.failure !== undefined || read.error !== undefined;
  if (medium !== undefined && read.error instanceof UnusableStore) {
    medium.giveUp(read.error.message);
  } else if (medium !== undefined) {
    if (isDoubtful) medium.changeAll();
    await medium.establish(isDoubtful ? 0 : read.known);
  }
  await survivor?.establish(survived ? regionCount : 0);
  return {
    log,
    loss: read.error === undefined ? read.loss : messageOf(read.error),
    needsResume: reconnects && !survived && previous === undefined && log.outOfSync.count > 0,
  };
}

/** Marks outlive a suspend and a swap of tables with the same regions, nothing else. */
function changesOf({ arguments: words, previous, reconnects }: LoadOptions): Changes {
  const { regionCount, regionSectors } = words;
  if (reconnects) return new Changes(regionCount, 'the kernel marked regions before this server was there');
  const isAlike = previous?.regionCount === regionCount && previous.regionSectors === regionSectors;
  return isAlike && previous.changes.isComplete ? previous.changes : new Changes(regionCount);
}

/** What decides over regions, besides the stores' bits. */
interface Facts {
  readonly previous: RegionLog | undefined;
  readonly survived: boolean;
  /** 32 bits, as a signed number, for regions that nothing speaks for. */
  readonly fresh: number;
  readonly isReadable: boolean;
}

interface ReadOutcome {
  readonly known: number;
  readonly loss: string | undefined;
  readonly error: unknown;
}

async function readSurvivor(survivor: BitImage | undefined, isWanted: boolean, pace: Pace): Promise<boolean> {
  if (survivor === undefined) return false;
  try {
    return (await survivor.read({ ignore: !isWanted, fresh: 0, pace })) === survivor.bits.size;
  } catch {
    // Then it says nothing; whether it can be written shows when it is.
    return false;
  }
}

async function readMedium(medium: BitImage | undefined, options: ReadOptions): Promise<ReadOutcome> {
  if (medium === undefined) return { known: 0, loss: undefined, error: undefined };
  try {
    const known = await medium.read(options);
    const isLost = known === undefined && !options.ignore && options.fresh === 0;
    return { known: known ?? 0, loss: isLost ? `${medium.store.label} holds no log` : undefined, error: undefined };
  } catch (error) {
    return { known: 0, loss: undefined, error };
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Decides 32 regions. */
function merge(log: RegionLog, index: number, { previous, survived, fresh, isReadable }: Facts): void {
  const { medium, survivor } = log;
  // Of the regions that this server has known all along.
  const mask = previous?.outOfSync.maskOf(index) ?? 0;
  const wasInSync = ~(previous?.outOfSync.word(index) ?? 0);
  const wasClean = previous?.medium?.bits.word(index) ?? 0;
  const onDevice = isReadable ? (medium?.bits.word(index) ?? 0) : wasClean & mask;
  let inSync = survived ? (survivor?.bits.word(index) ?? 0) : medium === undefined ? fresh : onDevice;
  // The device may be dirtier than the server knows: others have had it. That it is cleaner means nothing.
  const stillInSync = medium === undefined ? wasInSync : wasInSync & (onDevice | ~wasClean);
  inSync = (stillInSync & mask) | (inSync & ~mask);
  const clean = onDevice & (wasClean | ~mask) & inSync;
  log.outOfSync.setWord(index, ~inSync);
  log.changes.touchWord(index, ~inSync);
  medium?.setWord(index, clean);
  survivor?.setWord(index, inSync);
}
