/** The socket by which commands speak to the running server. */
import { UsageError } from '../../mapper/errors.ts';
import { hasCode } from '../../system/errors.ts';
import { askByLine, type LineAnswer, listenForLines } from '../../system/line-socket.ts';
import type { ResyncSettings } from '../resync.ts';

/** Settings to be changed; a rate of null is none, which JSON cannot say otherwise. */
export type ResyncChange = Partial<Omit<ResyncSettings, 'bytesPerSecond'>> & {
  readonly bytesPerSecond?: number | null;
};

/** What a command asks. */
export type ControlRequest =
  | { readonly command: 'status' }
  | { readonly command: 'resync'; readonly change: ResyncChange }
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
