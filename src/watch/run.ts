import type { DeviceMapper } from '../mapper/device-mapper.ts';
import { unmangledName } from '../mapper/mangle.ts';
import type { SampleClock } from '../stats/sample-clock.ts';
import { sampleDevices } from '../stats/sample-devices.ts';
import type { BlockNumber } from '../system/block-devices.ts';
import type { BlockIo } from '../system/block-statistics.ts';
import { DeviceIo } from './device-io.ts';
import { type FrameOptions, frame } from './frame.ts';
import type { WatchSample } from './items.ts';
import type { Sort } from './measure.ts';
import { Painter } from './paint.ts';
import { initialState, update, type WatchEvent } from './state.ts';
import type { Terminal } from './terminal.ts';
import { printable } from './text.ts';

/** How the view is set up. */
export interface WatchOptions extends FrameOptions {
  readonly sort: Sort;
  /** Undefined for all programs. */
  readonly programId: string | undefined;
  /** The devices, by the kernel's name; undefined for all. */
  readonly names: ReadonlySet<string> | undefined;
  readonly blockIo: (number: BlockNumber) => BlockIo | undefined;
  /** Milliseconds since 1970. */
  readonly timeOfDay: () => number;
  readonly env: NodeJS.ProcessEnv;
  readonly clock: SampleClock;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Shows what is counted on a terminal until somebody quits or the signal fires.
 *
 * @throws DmError EACCES not root
 */
export async function watch(dm: DeviceMapper, terminal: Terminal, options: WatchOptions): Promise<void> {
  const stop = new AbortController();
  const signal = options.signal === undefined ? stop.signal : AbortSignal.any([stop.signal, options.signal]);
  const painter = new Painter();
  let state = initialState(terminal.size, options.sort);
  const show = (): void => terminal.write(painter.paint(frame(state, options)));
  const happen = (event: WatchEvent): void => {
    state = update(state, event);
    if (state.isDone) stop.abort();
    else show();
  };
  terminal.listen((event) => {
    if (event.type !== 'redraw') {
      happen(event);
      return;
    }
    painter.reset();
    show();
  });
  show();
  for await (const sample of samples(dm, { ...options, signal })) happen({ type: 'sample', sample });
}

async function* samples(dm: DeviceMapper, options: WatchOptions): AsyncGenerator<WatchSample, void, void> {
  const { clock, names, env } = options;
  const deviceIo = new DeviceIo(options.blockIo);
  const isWatched = (name: string): boolean => names === undefined || names.has(name);
  // What devices count as a whole is told from the first interval on, as what regions count.
  const numbers = (await dm.list()).filter(({ name }) => isWatched(name)).map(({ number }) => numberText(number));
  deviceIo.next(numbers, () => clock.now());
  for await (const { devices, missed } of sampleDevices(dm, options)) {
    const watched = devices.filter(({ name }) => isWatched(name));
    const io = deviceIo.next(
      watched.map(({ number }) => numberText(number)),
      () => clock.now(),
    );
    yield {
      timeMs: options.timeOfDay(),
      missed,
      devices: watched.map((sample) => {
        const key = numberText(sample.number);
        return { key, name: printable(unmangledName(sample.name, env)), sample, io: io.get(key) };
      }),
    };
  }
}

function numberText({ major, minor }: { readonly major: number; readonly minor: number }): BlockNumber {
  return `${major}:${minor}`;
}
