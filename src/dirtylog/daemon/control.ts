/** The socket by which commands speak to the running server. */
import { join } from 'node:path';
import { UsageError } from '../../mapper/errors.ts';
import { hasCode } from '../../system/errors.ts';
import { askByLine, type LineAnswer, listenForLines } from '../../system/line-socket.ts';
import type { ResyncSettings } from '../resync.ts';
import { STATE_FOLDER } from './state-folder.ts';

/** Where commands find the server of a state folder. */
export function controlPath(stateFolder: string = STATE_FOLDER): string {
  return join(stateFolder, 'control');
}

/** What a command asks. A mirror is named by its log's uuid or by its mapped device. */
export type ControlRequest =
  | { readonly command: 'status' }
  /** Settings for one mirror or, when none is named, for all that have nothing else set; null takes those of one away. */
  | { readonly command: 'resync'; readonly mirror?: string; readonly change: Partial<ResyncSettings> | null }
  /** Where the mirrors are written. */
  | { readonly command: 'heat'; readonly mirror?: string }
  /** A point to ask `changed` about. */
  | { readonly command: 'epoch' }
  | { readonly command: 'changed'; readonly since: string; readonly mirror?: string }
  /** Events from now on, one a line. */
  | { readonly command: 'events' }
  /** Datagrams from now on, one a line. */
  | { readonly command: 'trace' };

export type ControlHandler = (request: ControlRequest, answer: LineAnswer) => Promise<void>;

/** Listens on a socket that only its owner may use. */
export async function listenForControl(path: string, handler: ControlHandler): Promise<AsyncDisposable> {
  // Both sides are of one package; the handler refuses commands that it does not know.
  return listenForLines({ path }, (question, answer) => handler(question as ControlRequest, answer));
}

/**
 * Asks the server; what it says, line by line, until it ends or the signal fires.
 *
 * @throws UsageError when no server listens, or when it says no
 */
export async function* askServer(path: string, request: ControlRequest, signal?: AbortSignal): AsyncGenerator<unknown> {
  try {
    yield* askByLine(path, request, (message) => new UsageError(message), signal);
  } catch (error) {
    if (!hasCode(error, 'ENOENT', 'ECONNREFUSED')) throw error;
    throw new UsageError(`dmlogd does not run: nobody listens on ${path}`);
  }
}
