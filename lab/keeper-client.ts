import { fork } from 'node:child_process';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { fileURLToPath } from 'node:url';
import type { Sink } from './agent.ts';
import { keeperSocket } from './folders.ts';
import { FrameReader, frameType } from './frames.ts';
import type { KeeperAnswer, KeeperOptions, KeeperRequest } from './keeper-protocol.ts';
import { LabError } from './lab-error.ts';

export class NoGuest extends LabError {
  constructor() {
    super('no guest is up; start one with: lab up');
  }
}

export interface KeeperSinks {
  readonly onStdout: Sink;
  readonly onStderr: Sink;
  readonly signal?: AbortSignal;
}

/** Starts the process that holds the guest, and waits until the guest has booted. */
export async function startKeeper(options: KeeperOptions): Promise<void> {
  await endDeadGuest();
  const program = fileURLToPath(new URL('keeper.js', import.meta.url));
  const keeper = fork(program, [JSON.stringify(options)], {
    detached: true,
    execArgv: [],
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  });
  const [message] = await Promise.race([once(keeper, 'message'), once(keeper, 'exit')]);
  if (keeper.connected) keeper.disconnect();
  keeper.unref();
  if (message !== 'up') throw new LabError(typeof message === 'string' ? message : 'no guest came up');
}

/** Sends a request and gives the exit status it is answered with. */
export async function askKeeper(request: KeeperRequest, sinks: KeeperSinks): Promise<number> {
  const socket = await call();
  if (!socket) throw new NoGuest();
  const hangUp = () => void socket.destroy();
  sinks.signal?.addEventListener('abort', hangUp, { once: true });
  socket.write(`${JSON.stringify(request)}\n`);
  const frames = new FrameReader();
  try {
    for await (const chunk of socket as AsyncIterable<Buffer>) {
      for (const { type, data } of frames.push(chunk)) {
        if (type === frameType.stdout) await sinks.onStdout(data);
        else if (type === frameType.stderr) await sinks.onStderr(data);
        else return statusOf(JSON.parse(data.toString()));
      }
    }
    throw new LabError('the keeper of the guest died');
  } finally {
    socket.destroy();
  }
}

async function endDeadGuest(): Promise<void> {
  const socket = await call();
  socket?.destroy();
  if (!socket) return;
  const sinks = { onStdout: () => {}, onStderr: () => {} };
  const alive = await askKeeper({ do: 'status' }, sinks).catch(() => undefined);
  if (alive === 0) throw new LabError('a guest is up already; end it with: lab down');
  await askKeeper({ do: 'down' }, sinks);
}

function statusOf(answer: KeeperAnswer): number {
  if ('status' in answer) return answer.status;
  const { name, message } = answer.error;
  throw Object.assign(new LabError(message), { name });
}

async function call(): Promise<Socket | undefined> {
  const socket = connect(keeperSocket());
  try {
    await once(socket, 'connect');
    return socket;
  } catch {
    return undefined;
  }
}
