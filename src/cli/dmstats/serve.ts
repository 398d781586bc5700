import { once } from 'node:events';
import { realpathSync, statSync } from 'node:fs';
import type { FileView } from '../../filemap/file-view.ts';
import { openFile } from '../../filemap/open-file.ts';
import { UsageError } from '../../mapper/errors.ts';
import { intervalMs } from '../repetition.ts';
import { isExpected } from '../run.ts';
import { packageVersion } from '../version.ts';
import type { Context } from './context.ts';
import { checkProgram, shownPrograms } from './regions.ts';

const DEFAULT_LISTEN = '127.0.0.1:9860';
const MAX_PORT = 65_535;

/** `dmstats serve`: serves until it is told to stop. */
export async function serve(context: Context): Promise<number> {
  const { options, signal, words } = context;
  checkProgram(context);
  const { askDmlogd } = await import('../../dashboard/logs.ts');
  const { startDashboard } = await import('../../dashboard/server.ts');
  const simulated = options.has('simulate');
  const world = simulated ? await (await import('../simulated-world.ts')).startSimulatedWorld() : undefined;
  const mirror = simulated ? await (await import('../simulated-mirror.ts')).startSimulatedMirror() : undefined;
  try {
    const dm = world?.dm ?? context.dm;
    // Fails here, with its reason, when the devices or the files may not be read.
    await dm.list();
    const files = simulated ? words : words.map((word) => realpathSync.native(word));
    const open = world?.openFile ?? openRegular;
    for (const path of files) open(path)[Symbol.dispose]();
    const dashboard = await startDashboard(dm, {
      ...listenAddress(options.text('listen') ?? DEFAULT_LISTEN),
      token: options.text('token') ?? context.world.env['DMSTATS_TOKEN'],
      intervalMs: intervalMs(options.text('interval') ?? '1'),
      programId: shownPrograms(context),
      openFile: open,
      files,
      askLogs: mirror?.askLogs ?? askDmlogd,
      simulated,
      version: packageVersion(),
      timeOfDay: context.world.timeOfDay ?? Date.now,
      onTrouble(error) {
        context.warn(isExpected(error) ? error.message : String((error as Error)?.stack ?? error));
      },
    });
    try {
      context.print(`Serving ${simulated ? 'simulated devices' : 'devices'} on ${dashboard.url}\n`);
      if (!signal.aborted) await once(signal, 'abort');
    } finally {
      await dashboard[Symbol.asyncDispose]();
    }
  } finally {
    mirror?.[Symbol.dispose]();
    world?.[Symbol.dispose]();
  }
  return 0;
}

/** Opens a file to look where it lies: nothing else, since opening a pipe waits for a writer. @throws UsageError */
function openRegular(path: string): FileView {
  if (!statSync(path).isFile()) throw new UsageError(`${path} is no regular file: only those lie on a device`);
  return openFile(path);
}

/** Takes `host:port` or `[address]:port` apart. @throws UsageError */
export function listenAddress(text: string): { readonly host: string; readonly port: number } {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([^:[\]\s]+)):(\d{1,5})$/.exec(text);
  const port = Number(match?.[3]);
  if (match === null || port > MAX_PORT) {
    throw new UsageError(`Invalid --listen argument "${text}": host:port, such as 127.0.0.1:9860 or [::1]:0`);
  }
  return { host: match[1] ?? (match[2] as string), port };
}
