/** The socket by which commands speak to the running server: a line of JSON each way, or lines without end. */
import { chmodSync, rmSync } from 'node:fs';
import { createConnection, createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { createInterface, type Interface } from 'node:readline';
import { UsageError } from '../../mapper/errors.ts';
import { hasCode } from '../../system/errors.ts';
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

/** Sends lines to whoever asked, until he leaves. */
export interface ControlAnswer {
  send(value: unknown): void;
  /** Ends the answer. */
  end(): void;
  onLeave(action: () => void): void;
}

export type ControlHandler = (request: ControlRequest, answer: ControlAnswer) => Promise<void>;

/** The longest question: a few settings. */
const MOST_QUESTION_BYTES = 64 * 1024;
/** What a reader that does not read may have waiting: then it is left. */
const MOST_WAITING_BYTES = 64 * 1024 * 1024;

/** Listens on a socket that only its owner may use. */
export async function listenForControl(path: string, handler: ControlHandler): Promise<AsyncDisposable> {
  rmSync(path, { force: true });
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => socket.destroy());
    void serveOne(socket, handler);
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    // Nobody else can reach it in between: the folder is its owner's alone.
    server.listen(path, resolve);
  });
  chmodSync(path, 0o600);
  return {
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function serveOne(socket: Socket, handler: ControlHandler): Promise<void> {
  let text = '';
  const line = await new Promise<string | undefined>((resolve) => {
    socket.setEncoding('utf8');
    socket.on('data', (chunk: string) => {
      text += chunk;
      if (text.includes('\n')) resolve(text.slice(0, text.indexOf('\n')));
      else if (text.length > MOST_QUESTION_BYTES) socket.destroy();
    });
    socket.on('close', () => resolve(undefined));
  });
  if (line === undefined) return;
  const send = (value: unknown): void => {
    if (socket.writableLength > MOST_WAITING_BYTES) socket.destroy();
    else socket.write(`${JSON.stringify(value)}\n`);
  };
  const answer: ControlAnswer = {
    send,
    end: () => void socket.end(),
    onLeave: (action) => void socket.on('close', action),
  };
  try {
    const request: ControlRequest = JSON.parse(line);
    await handler(request, answer);
  } catch (error) {
    send({ error: error instanceof Error ? error.message : String(error) });
    socket.end();
  }
}

/**
 * Asks the server; what it says, line by line, until it ends or the signal fires.
 *
 * @throws UsageError when no server listens, or when it says no
 */
export async function* askServer(path: string, request: ControlRequest, signal?: AbortSignal): AsyncGenerator<unknown> {
  const socket = createConnection(path);
  const stop = (): void => void socket.destroy();
  let lines: Interface | undefined;
  signal?.addEventListener('abort', stop);
  try {
    await new Promise<void>((resolve, reject) => {
      socket.once('connect', resolve);
      socket.once('error', reject);
    });
    socket.write(`${JSON.stringify(request)}\n`);
    lines = createInterface({ input: socket, crlfDelay: Number.POSITIVE_INFINITY });
    socket.once('close', () => lines?.close());
    for await (const line of lines) {
      const value: unknown = JSON.parse(line);
      if (typeof value === 'object' && value !== null && 'error' in value) throw new UsageError(String(value.error));
      yield value;
    }
  } catch (error) {
    if (!hasCode(error, 'ENOENT', 'ECONNREFUSED')) throw error;
    throw new UsageError(`dmlogd does not run: nobody listens on ${path}`);
  } finally {
    signal?.removeEventListener('abort', stop);
    lines?.close();
    socket.destroy();
  }
}
