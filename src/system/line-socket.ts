/** Questions and answers over a unix socket: a line of JSON each way, or lines without end. */
import { chmodSync, rmSync } from 'node:fs';
import { createConnection, createServer, type Server, type Socket } from 'node:net';
import { createInterface, type Interface } from 'node:readline';

/** Sends lines to whoever asked, until he leaves. */
export interface LineAnswer {
  send(value: unknown): void;
  /** Ends the answer. */
  end(): void;
  onLeave(action: () => void): void;
}

/** Answers a question, which anybody who may use the socket has written; what it throws is the answer's `error`. */
export type LineHandler = (question: unknown, answer: LineAnswer) => Promise<void>;

/** The longest question: a few settings. */
const MOST_QUESTION_BYTES = 64 * 1024;
/** What a reader that does not read may have waiting: then it is left. */
const MOST_WAITING_BYTES = 64 * 1024 * 1024;

/**
 * Listens on a socket that only its owner may use.
 *
 * @param where its path, which is made anew, or a descriptor that listens already, such as one of systemd's
 */
export async function listenForLines(
  where: { readonly path: string } | { readonly fd: number },
  handler: LineHandler,
): Promise<AsyncDisposable> {
  if ('path' in where) rmSync(where.path, { force: true });
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
    server.listen(where, resolve);
  });
  if ('path' in where) chmodSync(where.path, 0o600);
  return {
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function serveOne(socket: Socket, handler: LineHandler): Promise<void> {
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
  const answer: LineAnswer = {
    send,
    end: () => void socket.end(),
    onLeave: (action) => void socket.on('close', action),
  };
  try {
    const question: unknown = JSON.parse(line);
    await handler(question, answer);
  } catch (error) {
    send({ error: error instanceof Error ? error.message : String(error) });
    socket.end();
  }
}

/**
 * Asks whoever listens; what he says, line by line, until he ends or the signal fires.
 *
 * @param refusal makes the error that is thrown when the answer is one
 * @throws Node's ENOENT or ECONNREFUSED when nobody listens
 */
export async function* askByLine(
  path: string,
  question: unknown,
  refusal: (message: string) => Error,
  signal?: AbortSignal,
): AsyncGenerator<unknown> {
  const socket = createConnection(path);
  const stop = (): void => void socket.destroy();
  let lines: Interface | undefined;
  signal?.addEventListener('abort', stop);
  try {
    await new Promise<void>((resolve, reject) => {
      socket.once('connect', resolve);
      socket.once('error', reject);
    });
    socket.write(`${JSON.stringify(question)}\n`);
    lines = createInterface({ input: socket, crlfDelay: Number.POSITIVE_INFINITY });
    socket.once('close', () => lines?.close());
    for await (const line of lines) {
      const value: unknown = JSON.parse(line);
      if (typeof value === 'object' && value !== null && 'error' in value) throw refusal(String(value.error));
      yield value;
    }
  } finally {
    signal?.removeEventListener('abort', stop);
    lines?.close();
    socket.destroy();
  }
}
