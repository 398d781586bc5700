import type { Page } from 'playwright-core';

/** What a trace tells of a page's main thread; milliseconds. */
export interface Trace {
  /** Tasks, the longest first, by the time that the thread ran: what other programs on the machine take is not in it. */
  readonly tasks: readonly number[];
  /** The same by the clock on the wall. */
  readonly wall: readonly number[];
}

interface TraceEvent {
  readonly name: string;
  readonly ph: string;
  readonly pid: number;
  readonly tid: number;
  readonly dur?: number;
  readonly tdur?: number;
  readonly args?: { readonly name?: string };
}

/** Records what Chromium's threads do while something happens. */
export async function traceOf(page: Page, act: () => Promise<void>): Promise<Trace> {
  const session = await page.context().newCDPSession(page);
  const events: TraceEvent[] = [];
  session.on('Tracing.dataCollected', ({ value }) => events.push(...(value as unknown as TraceEvent[])));
  const complete = new Promise<void>((resolve) => session.once('Tracing.tracingComplete', () => resolve()));
  const includedCategories = ['toplevel', 'disabled-by-default-devtools.timeline'];
  await session.send('Tracing.start', {
    transferMode: 'ReportEvents',
    traceConfig: { includedCategories, recordMode: 'recordContinuously' },
  });
  await act();
  await session.send('Tracing.end');
  await complete;
  await session.detach();
  const mains = events.filter(({ name, args }) => name === 'thread_name' && args?.name === 'CrRendererMain');
  const isMain = ({ pid, tid }: TraceEvent): boolean => mains.some((main) => main.pid === pid && main.tid === tid);
  const tasks = events.filter((event) => event.ph === 'X' && event.name.endsWith('RunTask') && isMain(event));
  const longest = (of: (event: TraceEvent) => number | undefined): number[] =>
    tasks.map((event) => (of(event) ?? 0) / 1000).sort((a, b) => b - a);
  return { tasks: longest(({ tdur }) => tdur), wall: longest(({ dur }) => dur) };
}
