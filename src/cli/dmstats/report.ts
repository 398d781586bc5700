import { DmError } from '../../mapper/errors.ts';
import type { DeviceFacts } from '../../report/device-facts.ts';
import type { Stamp } from '../../report/records.ts';
import { SampleRows, type StatsRow } from '../../report/rows.ts';
import { DeviceStats } from '../../stats/device-stats.ts';
import { systemSampleClock } from '../../stats/sample-clock.ts';
import { read, type Sample, sample, totals } from '../../stats/sampler.ts';
import { repetitionOf } from '../repetition.ts';
import type { Context } from './context.ts';
import { type Device, devicesOf } from './devices.ts';
import { checkProgram, unlessGone } from './regions.ts';
import { ABOUT_DEVICES, fieldHelp, reportFields, reportOf, selectionOf, shownProgram } from './table-options.ts';

const ONE_SECOND_NS = 1e9;

/** `dmstats report`. */
export async function report(context: Context): Promise<number> {
  const help = fieldHelp(context.options);
  if (help !== undefined) {
    context.print(help);
    return 0;
  }
  checkProgram(context);
  const table = reportOf(context, reportFields(context.options));
  const selection = selectionOf(context);
  const repetition = repetitionOf(context.options);
  const devices = await devicesOf(context);
  const makers = devices.map(({ name }) => new SampleRows(name, selection));
  const tell = problemTeller(context);
  const timeOfDay = context.world.timeOfDay ?? Date.now;
  const rowsOf = async (samples: readonly (Sample | undefined)[]): Promise<StatsRow[]> => {
    const rows: StatsRow[] = [];
    for (const [index, one] of samples.entries()) {
      const device = devices[index];
      const maker = makers[index];
      if (one === undefined || device === undefined || maker === undefined) continue;
      tell(device, one);
      const facts = table.uses(ABOUT_DEVICES) ? await factsUnlessGone(context, device) : undefined;
      if (facts !== 'gone') for (const row of maker.of(one, facts)) rows.push(row);
    }
    return rows;
  };
  const show = async (samples: readonly (Sample | undefined)[], cycle: number): Promise<void> => {
    const stamp: Stamp = { cycle, time: new Date(timeOfDay()).toISOString() };
    context.print(table.write(await rowsOf(samples), stamp));
  };

  if (repetition === undefined) {
    const samples: (Sample | undefined)[] = [];
    for (const { ref } of devices) {
      const stats = new DeviceStats(context.dm, ref);
      const reading = await unlessGone(context, () => read(stats, shownProgram(context)));
      // One second is what the C tool takes for the unknown time since the counters were last cleared.
      samples.push(reading && totals(reading, ONE_SECOND_NS));
    }
    await show(samples, 1);
    context.print(table.end());
    return 0;
  }

  const { count } = repetition;
  const { signal } = context;
  const clock = context.world.clock ?? systemSampleClock;
  const options = { intervalMs: repetition.intervalMs, programId: shownProgram(context), signal, clock };
  const samplers = devices.map(({ ref }) => sample(new DeviceStats(context.dm, ref), options));
  let isDone = false;
  try {
    for (let cycle = 0; cycle < count && samplers.length > 0; cycle++) {
      const samples = await Promise.all(
        samplers.map((sampler, index) => nextOf(context, sampler, devices[index] as Device)),
      );
      if (signal.aborted || samples.every((one) => one === undefined)) break;
      await show(samples, cycle + 1);
    }
    isDone = true;
  } finally {
    context.print(table.end(isDone));
  }
  await Promise.all(samplers.map((sampler) => sampler.return()));
  return 0;
}

/** What a device is; it may be removed between two readings. */
async function factsUnlessGone(context: Context, { ref }: Device): Promise<DeviceFacts | 'gone'> {
  try {
    return await context.facts.read(ref);
  } catch (error) {
    if (!DmError.is(error, 'ENXIO')) throw error;
    return 'gone';
  }
}

/** A device's next sample; undefined from when the device is gone: the report of the others goes on. */
async function nextOf(
  context: Context,
  sampler: AsyncGenerator<Sample>,
  { name }: Device,
): Promise<Sample | undefined> {
  try {
    const result = await sampler.next();
    return result.done === true ? undefined : result.value;
  } catch (error) {
    if (!DmError.is(error, 'ENXIO')) throw error;
    context.warn(`WARNING: ${name}: the device is gone`);
    return undefined;
  }
}

/** Tells what a sample could not see: each kind of trouble once, a repeated report would repeat it for ever. */
function problemTeller(context: Context): (device: Device, sample: Sample) => void {
  const told = new Set<string>();
  const once = (key: string, text: string): void => {
    if (!told.has(key)) context.warn(text);
    told.add(key);
  };
  return ({ name }, { listing, groups, cleared, missed }) => {
    for (const problem of listing.problems) once(`${name}:${problem}`, `${name}: ${problem}`);
    if (cleared.length > 0) {
      once(
        `${name}:cleared`,
        `WARNING: ${name}: another program cleared the counters of region ${cleared.join(', ')}: what it took is not shown`,
      );
    }
    for (const { group, bound } of groups.values()) {
      const ios = (bound?.reads ?? 0n) + (bound?.writes ?? 0n);
      if (ios === 0n) continue;
      once(
        `${name}:${group.id}:bound`,
        `${name}: I/O counts of ${group.alias || `group ${group.id}`} may be off by ${ios}, and its times are shares: ` +
          'other files have I/O between its extents; sectors are exact',
      );
    }
    if (missed > 0) once('missed', `WARNING: Try increasing --interval (${missed} missed timer events).`);
  };
}
