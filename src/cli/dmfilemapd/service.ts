import { serveFilemaps } from '../../filemapd/service/serve.ts';
import { sdNotify } from '../../system/sd-notify.ts';
import type { CommandContext } from '../dmfilemapd.ts';
import { oneLine } from '../run.ts';

const MIB = 1 << 20;

/** `dmfilemapd service`. */
export async function run({ options, folder, stdout, stderr }: CommandContext): Promise<number> {
  // The pool's threads ask devices and file systems that may hang; the others must go on. Node looks at it when it uses
  // the pool for the first time.
  process.env['UV_THREADPOOL_SIZE'] ??= '64';
  const mib = options.integer('look-ahead-memory');
  const level = 1 + options.count('verbose');
  const stop = new AbortController();
  const onSignal = (): void => stop.abort();
  process.on('SIGTERM', onSignal);
  process.on('SIGINT', onSignal);
  const { NOTIFY_SOCKET: manager } = process.env;
  let stuck: readonly string[];
  try {
    stuck = await serveFilemaps({
      folder,
      log: (of, text) => void (of <= level && stderr.write(`${oneLine(text)}\n`)),
      ...(mib === undefined ? {} : { lookAheadBytes: mib * MIB }),
      onReady() {
        stdout.write('ready\n');
        sdNotify('READY=1', manager);
      },
      signal: stop.signal,
    });
    sdNotify('STOPPING=1', manager);
  } finally {
    process.off('SIGTERM', onSignal);
    process.off('SIGINT', onSignal);
  }
  if (stuck.length === 0) return 0;
  stderr.write(`look-ahead regions may be left on devices that hang: ${stuck.join(', ')}\n`);
  // A thread that waits in the kernel would keep exit() from returning.
  process.kill(process.pid, 'SIGKILL');
  return 1;
}
