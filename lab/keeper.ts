// The process behind `lab up`: it holds the guest and serves `lab run`, `lab status` and `lab down`.
import { once } from 'node:events';
import { mkdirSync, rmSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { dirname } from 'node:path';
import { createInterface } from 'node:readline';
import { checkoutFingerprint } from './checkout-fingerprint.ts';
import { checkout, keeperSocket } from './folders.ts';
import { encodeFrame, frameType } from './frames.ts';
import { bootGuest, type Guest } from './guest.ts';
import type { KeeperAnswer, KeeperOptions, KeeperRequest, RunRequest } from './keeper-protocol.ts';
import { LabError } from './lab-error.ts';

const path = keeperSocket();
const end = new AbortController();
const stop = () => end.abort();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, stop);
// `lab up` gave up waiting.
process.on('disconnect', stop);

let seen = checkoutFingerprint(checkout);

async function serve(booting: Promise<Guest>, socket: Socket): Promise<void> {
  const hungUp = new AbortController();
  socket.on('close', () => hungUp.abort());
  const lines = createInterface({ input: socket });
  // Told to the interface too; a 'close' follows.
  for (const source of [socket, lines]) source.on('error', () => {});
  const [line] = (await once(lines, 'line', { signal: hungUp.signal })) as [string];
  const request = JSON.parse(line) as KeeperRequest;
  const answer = await answerTo(await booting, request, socket, hungUp.signal).catch(
    ({ name, message }: Error): KeeperAnswer => ({ error: { name, message } }),
  );
  socket.end(encodeFrame(frameType.answer, Buffer.from(JSON.stringify(answer))));
}

async function answerTo(
  guest: Guest,
  request: KeeperRequest,
  socket: Socket,
  signal: AbortSignal,
): Promise<KeeperAnswer> {
  switch (request.do) {
    case 'run':
      return run(guest, request, socket, signal);
    case 'status':
      await guest.alive();
      return { status: 0 };
    case 'down':
      end.abort();
      await guest.close();
      return { status: 0 };
  }
}

async function run(
  guest: Guest,
  { command, cwd, env, timeoutMs }: RunRequest,
  socket: Socket,
  signal: AbortSignal,
): Promise<KeeperAnswer> {
  const fingerprint = checkoutFingerprint(checkout);
  if (fingerprint !== seen) guest.forgetHostFiles();
  seen = fingerprint;
  const sender = (type: number) => async (chunk: Buffer) => {
    if (!socket.write(encodeFrame(type, chunk))) await once(socket, 'drain', { signal });
  };
  const sinks = { onStdout: sender(frameType.stdout), onStderr: sender(frameType.stderr) };
  return guest.run(command, { ...sinks, cwd, env, timeoutMs, signal });
}

/** Listens before the guest is there, so that of two keepers one gives up. */
async function listen(serveSocket: (socket: Socket) => void): Promise<void> {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const server = createServer(serveSocket);
  // Closing removes the socket's file, at once: whoever is told that we are down may start anew.
  end.signal.addEventListener('abort', () => server.close());
  server.listen(path);
  await once(server, 'listening');
}

async function listenDespiteLeftovers(serveSocket: (socket: Socket) => void): Promise<void> {
  try {
    await listen(serveSocket);
  } catch {
    const probe = connect(path);
    const answers = await once(probe, 'connect').then(
      () => true,
      () => false,
    );
    probe.destroy();
    if (answers) throw new LabError('a guest is up already');
    rmSync(path, { force: true });
    await listen(serveSocket);
  }
}

async function main(options: KeeperOptions): Promise<void> {
  let booted: (guest: Guest) => void = () => {};
  const booting = new Promise<Guest>((resolve) => {
    booted = resolve;
  });
  await listenDespiteLeftovers((socket) => void serve(booting, socket).catch(() => socket.destroy()));
  await using guest = await bootGuest({ ...options, signal: end.signal });
  guest.keepNodeInMemory();
  booted(guest);
  process.off('disconnect', stop);
  process.send?.('up');
  if (!end.signal.aborted) await once(end.signal, 'abort');
}

try {
  await main(JSON.parse(process.argv[2] ?? '') as KeeperOptions);
} catch (error) {
  process.send?.((error as Error).message);
} finally {
  stop();
}
