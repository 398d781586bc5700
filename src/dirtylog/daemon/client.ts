/** What a running server is asked, by commands and by other programs of its owner. */
import { UsageError } from '../../mapper/errors.ts';
import type { LogEvent } from '../ports.ts';
import type { ResyncBook } from '../resync-book.ts';
import { askServer, type ControlRequest, controlPath } from './control.ts';
import type { MirrorChanges, MirrorHeat, MirrorStatus, ServerStatus } from './messages.ts';

/** What is told of a mirror, with the mapped devices that have it. */
export type Named<Mirror> = Mirror & { readonly devices: readonly string[] };

/** What the running server says of itself. */
export interface FullStatus extends ServerStatus {
  readonly mirrors: readonly Named<MirrorStatus>[];
  readonly resync: ResyncBook;
  /** The file of the policy that it was started with, if it was. */
  readonly policy?: string;
  /** Events since the server's start, by type. */
  readonly events: Readonly<Partial<Record<LogEvent['type'], number>>>;
}

/** How a mirror stands, in a word: `failed`, or the phase of its table, the running one's if one runs. */
export function stateOf({ failure, tables }: MirrorStatus): string {
  if (failure !== undefined) return 'failed';
  return tables.some(({ phase }) => phase === 'running') ? 'running' : (tables[0]?.phase ?? 'gone');
}

/** The server to be asked, and for `mirror` the one that is asked about: a log's uuid or a mapped device's name. */
export interface AskOptions {
  readonly stateFolder?: string | undefined;
  readonly mirror?: string | undefined;
  /** Ends the wait for an answer. */
  readonly signal?: AbortSignal | undefined;
}

/** The first line of the server's answer. @throws UsageError when there is none, or when the server says no */
export async function askOnce(
  stateFolder: string | undefined,
  request: ControlRequest,
  signal?: AbortSignal,
): Promise<unknown> {
  for await (const value of askServer(controlPath(stateFolder), request, signal)) return value;
  throw new UsageError('dmlogd ended before it answered');
}

// Both sides are of one package; another version's answer lacks words, never means others.

/** The server's status. @throws UsageError when no server runs */
export async function askStatus({ stateFolder, signal }: Omit<AskOptions, 'mirror'> = {}): Promise<FullStatus> {
  return (await askOnce(stateFolder, { command: 'status' }, signal)) as FullStatus;
}

/** Where the mirrors are written. @throws UsageError when no server runs, or it has no such mirror */
export async function askHeat({ stateFolder, mirror, signal }: AskOptions = {}): Promise<readonly Named<MirrorHeat>[]> {
  return (await askOnce(stateFolder, { command: 'heat', ...about(mirror) }, signal)) as Named<MirrorHeat>[];
}

/** Takes a point of all mirrors, to ask `askChanges()` about. @throws UsageError when no server runs */
export async function takeEpoch({ stateFolder }: Omit<AskOptions, 'mirror'> = {}): Promise<string> {
  return String(await askOnce(stateFolder, { command: 'epoch' }));
}

/** What may have been written since an epoch. @throws UsageError when no server runs, or it has no such mirror */
export async function askChanges(
  since: string,
  { stateFolder, mirror }: AskOptions = {},
): Promise<readonly Named<MirrorChanges>[]> {
  return (await askOnce(stateFolder, { command: 'changed', since, ...about(mirror) })) as Named<MirrorChanges>[];
}

function about(mirror: string | undefined): { readonly mirror?: string } {
  return mirror === undefined ? {} : { mirror };
}
