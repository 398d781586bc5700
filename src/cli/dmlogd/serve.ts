import { spawn } from 'node:child_process';
import { closeSync, writeSync } from 'node:fs';
import { resolve } from 'node:path';
import { builtScript } from '../../dirtylog/daemon/places.ts';
import { serveDirtyLogs } from '../../dirtylog/daemon/serve.ts';
import { UsageError } from '../../mapper/errors.ts';
import { sdNotify } from '../../system/sd-notify.ts';
import { startAnswer } from '../../system/start-answer.ts';
import { type CommandContext, refuseWords, takeOption } from '../dmlogd.ts';
import { oneLine } from '../run.ts';
import { eventText } from './event-text.ts';

/** The child tells its parent here that it serves, or why not. */
const READY_FD = 3;
const READY_WORD = '--ready-fd';

/** `dmlogd serve`. */
export async function run(context: CommandContext): Promise<number> {
  const [file, words] = takeOption(context.words, '--policy', 'the file of a module');
  refuseWords(words, ['--daemon', READY_WORD]);
  const policyFile = file === undefined ? undefined : resolve(file);
  const serving = { ...context, words, policyFile };
  return words.includes('--daemon') ? startInBackground(serving) : serveHere(serving);
}

interface ServeContext extends CommandContext {
  readonly policyFile: string | undefined;
}

async function serveHere({ words, policyFile, stateFolder, stdout, stderr }: ServeContext): Promise<number> {
  // The pool's threads write to log devices, flush legs and read mirrors; each may hang, and the others must go on. Node
  // looks at it when it uses the pool for the first time.
  process.env['UV_THREADPOOL_SIZE'] ??= '64';
  const stop = new AbortController();
  const onSignal = (): void => stop.abort();
  process.on('SIGTERM', onSignal);
  process.on('SIGINT', onSignal);
  const tellParent = (text: string): void => {
    if (!words.includes(READY_WORD)) return;
    writeSync(READY_FD, text);
    closeSync(READY_FD);
  };
  let isReady = false;
  try {
    await serveDirtyLogs({
      stateFolder,
      policyFile,
      signal: stop.signal,
      onEvent: (event) => stderr.write(`${oneLine(eventText(event))}\n`),
      onReady() {
        isReady = true;
        stdout.write('ready\n');
        tellParent('ready\n');
        sdNotify('READY=1', process.env['NOTIFY_SOCKET']);
      },
    });
  } catch (error) {
    if (!isReady) tellParent(error instanceof Error ? error.message : String(error));
    throw error;
  } finally {
    process.off('SIGTERM', onSignal);
    process.off('SIGINT', onSignal);
  }
  return 0;
}

async function startInBackground({ policyFile, stateFolder, stdout }: ServeContext): Promise<number> {
  const { NOTIFY_SOCKET: _, ...env } = process.env;
  // The child has another working directory.
  const state = resolve(stateFolder);
  const policy = policyFile === undefined ? [] : ['--policy', policyFile];
  const child = spawn(process.execPath, [builtScript('dmlogd'), 'serve', READY_WORD, '--state', state, ...policy], {
    detached: true,
    cwd: '/',
    env,
    stdio: ['ignore', 'ignore', 'ignore', 'pipe'],
  });
  const answer = await startAnswer(child, READY_FD).catch((error: Error) => {
    throw new UsageError(`dmlogd cannot be started in the background: ${error.message}`);
  });
  child.unref();
  if (answer !== 'ready\n') throw new UsageError(answer.trim() || 'dmlogd ended before it served the kernel');
  stdout.write(`dmlogd serves, process ${child.pid}\n`);
  return 0;
}
