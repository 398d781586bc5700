/**
 * The monitor of one file as a pure state machine: what was seen goes in, what to do next comes out. It knows no
 * kernel and no clock; `docs/filemapd.md` has its table of states.
 */
import type { FileFacts } from '../filemap/file-view.ts';
import type { FilemapdMode } from './arguments.ts';

/** Milliseconds between two looks while the device is written: what inotify never tells is seen within this time. */
export const ACTIVE_LOOK_MS = 500;
/** Milliseconds between two looks at a device that has been quiet. */
export const IDLE_LOOK_MS = 5000;
/** A device counts as quiet when no write to it was seen for so many milliseconds. */
export const QUIET_AFTER_MS = 5000;
/** Looks and updates are at least so many milliseconds apart, so that a storm of notices costs little. */
export const DEBOUNCE_MS = 20;
/** What is due within so many milliseconds is done now: timers may end a little early, and a second wake-up costs more. */
const SLACK_MS = 10;
/** Milliseconds between two looks for a file that has left its path. */
const ABSENT_LOOK_MS = 25;
/** Looking at the extents takes at most a tenth of the time for a change of size or blocks, else a hundredth. */
const URGENT_COST_FACTOR = 10;
const SOFT_COST_FACTOR = 100;

/** Why a monitor ends whose group was deleted. */
export const GROUP_REMOVED = 'Filemap group removed: exiting.';

/** What a look at the world shows. */
export interface Look {
  /** Of the file that is followed now. */
  readonly facts: FileFacts;
  /** Of what the path names; undefined when nothing is there. In inode mode the same as `facts`. */
  readonly atPath: FileFacts | undefined;
  /** Whether inotify told of a write since the last look. */
  readonly isModified: boolean;
  readonly deviceWrites: bigint;
  /**
   * Its place, from 1, among the files of one process on its device: in this order they look at their extents when only
   * the device was written, so that the time this takes is that of one file. Default 1.
   */
  readonly place?: number;
  /**
   * Whether the process looks at the device for all its files and wakes each in its turn after the device was written:
   * then a file at rest need not look for that itself. Default: no.
   */
  readonly takesTurns?: boolean;
  /** Whether a look at the device not long ago has shown the group to be whole. Default: no. */
  readonly isListed?: boolean;
  /** Whether something waits for the next look at the group. Default: no. */
  readonly isUnfinished?: boolean;
  /** Whether nobody else has the file open; only asked when it has no name left. */
  readonly soleHolder: boolean;
}

/** What the monitor is told. */
export type MonitorEvent =
  | { readonly type: 'looked'; readonly look: Look }
  | {
      readonly type: 'updated';
      /** As they were before the extents were read: later changes are seen as changes. */
      readonly facts: FileFacts;
      readonly groupId: number;
      readonly changed: boolean;
      /** Whether data still waits for its blocks. */
      readonly pending: boolean;
      /** What it cost to see what had changed, in milliseconds. */
      readonly costMs: number;
    }
  | { readonly type: 'updateFailed'; readonly final: boolean; readonly message: string; readonly costMs: number }
  /** `isDamaged`: somebody has deleted a region of it. */
  | { readonly type: 'groupSeen'; readonly isDamaged: boolean; readonly costMs: number }
  | { readonly type: 'groupGone' }
  /** `isMoved`: the extents may not be what they were. */
  | { readonly type: 'glanced'; readonly isMoved: boolean }
  | { readonly type: 'reopened'; readonly found: boolean }
  | { readonly type: 'stopped' };

/** What the monitor wants done; each is answered by an event. */
export type MonitorEffect =
  /** Look again after `ms`; unless `deaf`, as soon as inotify has something to say (but not within `DEBOUNCE_MS`). */
  | { readonly type: 'wait'; readonly ms: number; readonly deaf: boolean }
  /** Bring the regions in line with the extents; `tidy` makes one region of those that growth left. */
  | { readonly type: 'update'; readonly tidy: boolean }
  /** See whether the extents are still what they were. */
  | { readonly type: 'glance' }
  /** See whether the group still exists. */
  | { readonly type: 'checkGroup' }
  /** Follow what the path names now. */
  | { readonly type: 'reopen' }
  /** Have closes reported too, then look again. */
  | { readonly type: 'watchCloses' }
  | { readonly type: 'exit'; readonly status: 0 | 1; readonly message: string };

/** Everything that the monitor remembers; times in milliseconds of the monotonic clock. */
export interface MonitorState {
  readonly mode: FilemapdMode;
  readonly groupId: number;
  readonly absenceMs: number;
  /** The facts when the extents were last read; undefined until the first update. */
  readonly mapped: FileFacts | undefined;
  readonly deviceWrites: bigint | undefined;
  readonly lastWriteSeen: number;
  /** When the file itself was last seen to change. */
  readonly lastChangeSeen: number;
  /** Since when the path names nothing. */
  readonly absentSince: number | undefined;
  readonly watchesCloses: boolean;
  /** A change of size or blocks, or a new file: update as soon as the cost allows. */
  readonly urgent: boolean;
  /** The file was touched in another way: update at leisure. */
  readonly soft: boolean;
  /** Since when the device was written, which may have moved the file's data: update at leisure, when it is our turn. */
  readonly straySince: number | undefined;
  /** See `Look`. */
  readonly place: number;
  readonly takesTurns: boolean;
  readonly isListed: boolean;
  readonly isUnfinished: boolean;
  readonly pending: boolean;
  /** The wait for pending data's blocks; doubles while nothing happens. */
  readonly backoffMs: number;
  /** Whether growth may have left regions to tidy up. */
  readonly untidy: boolean;
  readonly lastUpdate: number;
  /** When the extents were last read. */
  readonly lastGlance: number;
  readonly updateCostMs: number;
  readonly lastListed: number;
  readonly listCostMs: number;
}

/** A transition: the new state and what to do. */
export interface Step {
  readonly state: MonitorState;
  readonly effect: MonitorEffect;
}

/** The state before anything was seen. */
export function initialState(options: {
  readonly mode: FilemapdMode;
  readonly groupId: number;
  readonly absenceMs: number;
}): MonitorState {
  return {
    ...options,
    mapped: undefined,
    deviceWrites: undefined,
    lastWriteSeen: Number.NEGATIVE_INFINITY,
    lastChangeSeen: Number.NEGATIVE_INFINITY,
    absentSince: undefined,
    watchesCloses: false,
    urgent: true,
    soft: false,
    straySince: undefined,
    place: 1,
    takesTurns: false,
    isListed: false,
    isUnfinished: false,
    pending: false,
    backoffMs: DEBOUNCE_MS,
    untidy: true,
    lastUpdate: Number.NEGATIVE_INFINITY,
    lastGlance: Number.NEGATIVE_INFINITY,
    updateCostMs: 0,
    lastListed: Number.NEGATIVE_INFINITY,
    listCostMs: 0,
  };
}

const lookAgain = (state: MonitorState, ms = 0): Step => ({ state, effect: { type: 'wait', ms, deaf: true } });
const exit = (state: MonitorState, status: 0 | 1, message: string): Step => ({
  state,
  effect: { type: 'exit', status, message },
});

/** One transition. */
export function step(state: MonitorState, event: MonitorEvent, now: number): Step {
  switch (event.type) {
    case 'stopped':
      return exit(state, 0, 'Stopped.');
    case 'groupGone':
      return exit(state, 0, GROUP_REMOVED);
    case 'groupSeen':
      return lookAgain({
        ...state,
        urgent: state.urgent || event.isDamaged,
        lastListed: now,
        listCostMs: event.costMs,
      });
    case 'reopened':
      // Gone again between the look and the opening: the next look begins the wait for its return.
      return lookAgain(event.found ? { ...state, urgent: true, watchesCloses: false } : state);
    case 'updateFailed':
      if (event.final) return exit(state, 1, event.message);
      return lookAgain({ ...state, urgent: true, lastUpdate: now, updateCostMs: event.costMs }, ACTIVE_LOOK_MS);
    case 'updated':
      return lookAgain({
        ...state,
        groupId: event.groupId,
        mapped: event.facts,
        urgent: false,
        soft: false,
        straySince: undefined,
        pending: event.pending,
        untidy: state.untidy || event.changed,
        lastUpdate: now,
        lastGlance: now,
        lastListed: now,
        updateCostMs: event.costMs,
      });
    case 'glanced':
      return lookAgain({ ...state, urgent: state.urgent || event.isMoved, straySince: undefined, lastGlance: now });
    case 'looked':
      return looked(state, event.look, now);
  }
}

function isSameFile(a: FileFacts, b: FileFacts): boolean {
  return a.inode === b.inode && a.device.major === b.device.major && a.device.minor === b.device.minor;
}

function looked(before: MonitorState, look: Look, now: number): Step {
  const { facts, atPath } = look;
  if (before.mode === 'path') {
    if (atPath === undefined) {
      const absentSince = before.absentSince ?? now;
      const state = { ...before, absentSince };
      const left = absentSince + before.absenceMs - now;
      if (left <= 0) return exit(state, 0, 'File removed from its path: exiting.');
      return lookAgain(state, Math.min(left, ABSENT_LOOK_MS));
    }
    if (!atPath.isRegular) return exit(before, 1, 'The path names no regular file any more: exiting.');
    if (!isSameFile(facts, atPath)) return { state: { ...before, absentSince: undefined }, effect: { type: 'reopen' } };
  } else if (facts.links === 0) {
    if (look.soleHolder) return exit(before, 0, 'File unlinked and closed: exiting.');
    if (!before.watchesCloses) return { state: { ...before, watchesCloses: true }, effect: { type: 'watchCloses' } };
  }
  return decide(remember({ ...before, absentSince: undefined }, look, now), now);
}

/** What a look changes in the memory. */
function remember(state: MonitorState, look: Look, now: number): MonitorState {
  const { facts, isModified, deviceWrites, place = 1 } = look;
  const { takesTurns = false, isListed = false, isUnfinished = false } = look;
  const { mapped } = state;
  const isWritten = state.deviceWrites !== undefined && state.deviceWrites !== deviceWrites;
  const hasGrown = mapped === undefined || mapped.size !== facts.size || mapped.blocks !== facts.blocks;
  const isTouched =
    isModified ||
    (mapped !== undefined && (mapped.modifiedNs !== facts.modifiedNs || mapped.changedNs !== facts.changedNs));
  return {
    ...state,
    deviceWrites,
    lastWriteSeen: isWritten ? now : state.lastWriteSeen,
    lastChangeSeen: hasGrown || isTouched ? now : state.lastChangeSeen,
    // Blocks for pending data come with its write-back.
    urgent: state.urgent || hasGrown || (state.pending && isWritten),
    soft: state.soft || isTouched,
    straySince: state.straySince ?? (isWritten ? now : undefined),
    place,
    takesTurns,
    isListed,
    isUnfinished,
    backoffMs: isModified || isWritten ? DEBOUNCE_MS : state.backoffMs,
  };
}

/** What to do, now that everything seen is remembered. */
function decide(state: MonitorState, now: number): Step {
  const isAtRest =
    state.takesTurns &&
    !(state.urgent || state.soft || state.pending) &&
    now - Math.max(state.lastChangeSeen, state.lastUpdate) >= QUIET_AFTER_MS - SLACK_MS;
  const isQuiet = isAtRest || now - state.lastWriteSeen >= QUIET_AFTER_MS;
  const urgentAt = state.lastUpdate + Math.max(DEBOUNCE_MS, state.updateCostMs * URGENT_COST_FACTOR);
  const pauseMs = Math.max(ACTIVE_LOOK_MS, state.updateCostMs * SOFT_COST_FACTOR);
  const softAt = state.lastUpdate + pauseMs;
  const strayAt =
    state.straySince === undefined
      ? Number.POSITIVE_INFINITY
      : Math.max(softAt, state.straySince + pauseMs * (state.place - 1));
  if (isAtRest && state.straySince !== undefined && now - state.lastGlance >= QUIET_AFTER_MS - SLACK_MS) {
    return { state, effect: { type: 'glance' } };
  }
  // With each look, unless it is dear: a deadline of its own would wake a quiet machine once more.
  const listAt = state.lastListed + Math.max(ACTIVE_LOOK_MS, state.listCostMs * SOFT_COST_FACTOR);
  // A file at rest has had its turn, and is woken for the next one.
  const due = state.urgent ? urgentAt : state.soft ? softAt : isAtRest ? Number.POSITIVE_INFINITY : strayAt;
  if (now >= due) return { state, effect: { type: 'update', tidy: false } };
  if (isQuiet && state.untidy && !state.pending && now - state.lastUpdate >= QUIET_AFTER_MS - SLACK_MS) {
    return { state: { ...state, untidy: false }, effect: { type: 'update', tidy: true } };
  }
  if (now >= listAt - SLACK_MS && !(isAtRest && state.isListed)) return { state, effect: { type: 'checkGroup' } };
  const tidyAt =
    isQuiet && state.untidy && !state.pending ? state.lastUpdate + QUIET_AFTER_MS : Number.POSITIVE_INFINITY;
  const next = Math.min(due - now, tidyAt - now, isQuiet && !state.isUnfinished ? IDLE_LOOK_MS : ACTIVE_LOOK_MS);
  if (state.pending) {
    const ms = Math.min(next, state.backoffMs);
    const backoffMs = Math.min(state.backoffMs * 2, IDLE_LOOK_MS);
    return { state: { ...state, backoffMs }, effect: { type: 'wait', ms, deaf: false } };
  }
  return { state, effect: { type: 'wait', ms: Math.max(next, 1), deaf: state.urgent } };
}
