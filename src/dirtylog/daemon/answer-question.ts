import { type ChangedRange, type KnownChanges, rangesOf } from '../changes.ts';
import type { LogServer } from '../server.ts';
import type { SharedLog } from '../shared-log.ts';
import type { Answer, MirrorChanges, MirrorHeat, MirrorStatus, Question } from './messages.ts';

/** What a question needs, besides the server. */
export interface QuestionWorld {
  /** Requests by type. */
  requests(): Readonly<Record<string, number>>;
  /** A name that no server has given to an epoch before. */
  newEpoch(): string;
  /** Whether a name is of an epoch of this server. */
  isOwn(epoch: string): boolean;
  /** Lets other work in. */
  pause(): Promise<void>;
}

/** Answers what the other thread asks of the mirrors. */
export async function answerQuestion(question: Question, server: LogServer, world: QuestionWorld): Promise<Answer> {
  const { kind } = question;
  switch (kind) {
    case 'status':
      return { kind, status: { mirrors: Array.from(server.mirrors, statusOf), requests: world.requests() } };
    case 'heat':
      return { kind, mirrors: Array.from(server.mirrors, heatOf) };
    case 'epoch': {
      const epoch = world.newEpoch();
      for (const { log } of [...server.mirrors]) {
        await log?.changes.take(epoch, log.outOfSync, () => world.pause());
      }
      return { kind, epoch };
    }
    case 'changed': {
      const mirrors: MirrorChanges[] = [];
      for (const mirror of [...server.mirrors]) mirrors.push(await changesOf(mirror, question.since, world));
      return { kind, mirrors };
    }
  }
}

/** How a mirror stands. */
export function statusOf({ uuid, label, log, recovering, users }: SharedLog): MirrorStatus {
  return {
    uuid,
    log: label,
    regions: log?.regionCount ?? 0,
    regionSectors: log?.regionSectors ?? 0,
    inSync: log?.syncCount ?? 0,
    dirty: log?.dirtyCount ?? 0,
    recovering: recovering < 0 ? undefined : recovering,
    failure: log?.failure,
    blocksWritten: log?.medium?.blocksWritten ?? 0,
    tables: Array.from(users, ({ luid, phase, words }) => ({ luid: luid.toString(), phase, words })),
  };
}

/** Where a mirror has been written lately. */
export function heatOf({ uuid, log }: SharedLog): MirrorHeat {
  return {
    uuid,
    regions: log?.regionCount ?? 0,
    regionSectors: log?.regionSectors ?? 0,
    partRegions: log?.heat.partRegions ?? 1,
    parts: Array.from(log?.heat.parts ?? []),
  };
}

async function changesOf({ uuid, log, users }: SharedLog, since: string, world: QuestionWorld): Promise<MirrorChanges> {
  const [user] = users;
  const regions = user?.arguments.regionCount ?? 0;
  const known: KnownChanges = !world.isOwn(since)
    ? { unknown: 'the epoch is of another server, or none' }
    : (log?.changes.since(since) ?? { unknown: 'the log is not loaded' });
  const everything: readonly ChangedRange[] = regions === 0 ? [] : [[0, regions - 1]];
  return {
    uuid,
    regions,
    regionSectors: user?.arguments.regionSectors ?? 0,
    lengthSectors: user?.arguments.lengthSectors ?? 0,
    unknown: 'unknown' in known ? known.unknown : undefined,
    changed: 'unknown' in known ? everything : await rangesOf(known.changed, () => world.pause()),
  };
}
