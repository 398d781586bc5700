import type { Span } from '../model/heat.ts';
import { History } from '../model/history.ts';
import { type LogFrame, LogHistory } from '../model/log-history.ts';
import { logName } from '../model/log-text.ts';
import type { Files, Hello, Layout, WireCoverage, WireLog, WireLogs, WireSample } from '../wire.ts';
import { Detail } from './detail.ts';
import { darkness, element, frameTime, setText } from './dom.ts';
import { saveJson, saveLogJson, savePng } from './download.ts';
import { LogDetail } from './log-detail.ts';
import { LogTable } from './log-table.ts';
import { Overview } from './overview.ts';

const MS_PER_SECOND = 1000;
/** Keys of logs; those of other objects begin with a number. */
const LOG_KEY = /^log\/(.*)$/s;
const history = new History();
const logHistory = new LogHistory();
const detail = new Detail();
const logDetail = new LogDetail();
const overview = new Overview(open);
const logTable = new LogTable((uuid) => open(`log/${uuid}`));
const status = element('status', HTMLElement);
const pause = element('pause', HTMLButtonElement);
const range = element('range', HTMLSelectElement);
const overviewSection = element('overview', HTMLElement);
const detailSection = element('detail', HTMLElement);
const logSection = element('log', HTMLElement);

const GONE = 'It is gone, or was never there.';
let opened = chosenKey();
let pausedAt: number | undefined;
let problems: readonly string[] = [];
let fileProblems: readonly string[] = [];
let logProblem = '';
/** Whether there is something new to be drawn. */
let isDue = false;
let isDrawing = false;
let everyMs = MS_PER_SECOND;

/** The key in the address, so that a page can be loaded again and sent to others. */
function chosenKey(): string | undefined {
  const text = location.hash.slice(1);
  try {
    return text === '' ? undefined : decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

function open(key: string): void {
  location.hash = encodeURIComponent(key);
}

function span(): Span {
  const to = pausedAt ?? history.newest?.sample.time ?? Date.now();
  return { from: to - Number(range.value) * MS_PER_SECOND, to };
}

function framesShown() {
  const { from, to } = span();
  return history.between(from, to);
}

/** Draws with the browser's next frame, however many reasons there are. */
function draw(): void {
  isDue = true;
  goOn();
}

/** Draws with the browser's next frame what is new, or what the last frame had no time for. */
function goOn(): void {
  if (isDrawing) return;
  isDrawing = true;
  requestAnimationFrame(() => {
    isDrawing = false;
    const isNew = isDue;
    isDue = false;
    if (!show(isNew)) goOn();
  });
}

/** @returns whether all is shown */
function show(isNew: boolean): boolean {
  const frames = framesShown();
  const last = frames.at(-1);
  if (last === undefined) return true;
  const uuid = openedLog();
  overviewSection.hidden = opened !== undefined;
  detailSection.hidden = opened === undefined || uuid !== undefined;
  logSection.hidden = uuid === undefined;
  if (uuid !== undefined) return showLog(uuid);
  if (opened === undefined) {
    logTable.show(logHistory.at(span().to)?.logs ?? []);
    const others = logProblem === '' ? [] : [`dirty logs: ${logProblem}`];
    overview.show(last, history.coverage, [...problems, ...fileProblems, ...others]);
    return true;
  }
  const object = last.objects.get(opened) ?? history.objects.get(opened);
  if (object === undefined) {
    setText(element('facts', HTMLElement), GONE);
    return true;
  }
  const { coverage } = history;
  const subject = { object, file: history.fileOf(object), coverage, frames, span: span(), intervalMs: everyMs };
  return detail.show(subject, isNew);
}

function openedLog(): string | undefined {
  return LOG_KEY.exec(opened ?? '')?.[1];
}

/** The log that is opened, and what is known of it in the range. */
function logShown(uuid: string): { readonly log: WireLog; readonly frames: readonly LogFrame[] } | undefined {
  const frames = logHistory.between(span(), uuid);
  const log = frames.at(-1)?.log;
  return log && { log, frames };
}

function showLog(uuid: string): boolean {
  const shown = logShown(uuid);
  if (shown === undefined) {
    setText(element('log-facts', HTMLElement), GONE);
    return true;
  }
  return logDetail.show(shown.log, shown.frames, span(), everyMs, frameTime());
}

function setPaused(isPaused: boolean): void {
  pausedAt = isPaused ? (history.newest?.sample.time ?? Date.now()) : undefined;
  pause.setAttribute('aria-pressed', `${isPaused}`);
  setText(pause, isPaused ? 'Go on' : 'Pause');
  draw();
}

function select(value: string): void {
  range.value = value;
  draw();
}

function onKey(event: KeyboardEvent): void {
  if (event.ctrlKey || event.altKey || event.metaKey || event.target instanceof HTMLSelectElement) return;
  const isDetail = opened !== undefined;
  if (event.target instanceof HTMLInputElement && event.key !== 'ArrowDown' && event.key !== 'ArrowUp') return;
  const option = range.options[Number(event.key) - 1];
  if (event.key === 'p') setPaused(pausedAt === undefined);
  else if (event.key === 'Escape' && isDetail) location.hash = '';
  else if (event.key === '/' && !isDetail) element('filter', HTMLInputElement).focus();
  else if (event.key === 'ArrowDown' && !isDetail) overview.move(1);
  else if (event.key === 'ArrowUp' && !isDetail) overview.move(-1);
  else if (option !== undefined) select(option.value);
  else return;
  event.preventDefault();
}

function listen(): void {
  // The token that the page was opened with, if one is needed.
  const token = new URLSearchParams(location.search).get('token');
  const events = new EventSource(`/events${token === null ? '' : `?token=${encodeURIComponent(token)}`}`);
  const on = <T>(name: string, act: (value: T) => void): void => {
    events.addEventListener(name, (event: MessageEvent<string>) => act(JSON.parse(event.data) as T));
  };
  let every = '';
  on<Hello>('hello', ({ intervalMs, simulated, version }) => {
    everyMs = intervalMs;
    element('simulated', HTMLElement).hidden = !simulated;
    every = `every ${intervalMs / MS_PER_SECOND} s, dmstats ${version}`;
    setText(status, `Waiting for the first sample; ${every}`);
  });
  on<Layout>('layout', (layout) => {
    history.setLayout(layout);
    problems = layout.devices.flatMap((device) => device.problems.map((problem) => `${device.name}: ${problem}`));
  });
  on<Files>('files', (files) => {
    history.setFiles(files);
    fileProblems = files.problems;
  });
  on<WireCoverage>('coverage', (coverage) => {
    history.coverage = coverage;
  });
  on<WireLogs>('logs', (logs) => {
    logHistory.add(logs);
    logProblem = logs.problem;
    if (pausedAt === undefined && openedLog() !== undefined) draw();
  });
  on<WireSample>('sample', (sample) => {
    history.add(sample);
    const cleared = sample.devices.some((device) => device.cleared.length > 0);
    setText(status, cleared ? 'Another program cleared counters' : `Live, ${every}`);
    if (pausedAt === undefined) draw();
  });
  on<{ message: string }>('trouble', ({ message }) => setText(status, message));
  events.addEventListener('error', () => setText(status, 'The connection is lost; trying again'));
}

addEventListener('hashchange', () => {
  const before = opened;
  opened = chosenKey();
  draw();
  requestAnimationFrame(() => {
    const log = LOG_KEY.exec(before ?? '')?.[1];
    if (opened !== undefined) element(openedLog() === undefined ? 'title' : 'log-title', HTMLElement).focus();
    else if (log !== undefined) logTable.focus(log);
    else if (before !== undefined) overview.focus(before);
  });
});
addEventListener('keydown', onKey);
darkness.addEventListener('change', () => {
  detail.restyle();
  logDetail.restyle();
});
pause.addEventListener('click', () => setPaused(pausedAt === undefined));
range.addEventListener('change', draw);
for (const id of ['filter', 'serving']) element(id, HTMLInputElement).addEventListener('input', draw);
for (const id of ['back', 'log-back']) {
  element(id, HTMLButtonElement).addEventListener('click', () => {
    location.hash = '';
  });
}
const withOpened = (act: (object: NonNullable<ReturnType<typeof history.objects.get>>) => void) => () => {
  const object = opened === undefined ? undefined : history.objects.get(opened);
  if (object !== undefined) act(object);
};
element('png', HTMLButtonElement).addEventListener(
  'click',
  withOpened((object) => savePng(object, span(), detail.pictures)),
);
element('json', HTMLButtonElement).addEventListener(
  'click',
  withOpened((object) => saveJson(object, history.fileOf(object), span(), framesShown())),
);
const withLog = (act: (log: WireLog, frames: readonly LogFrame[]) => void) => () => {
  const shown = logShown(openedLog() ?? '');
  if (shown !== undefined) act(shown.log, shown.frames);
};
const ofLog = (log: WireLog) => ({ name: logName(log), device: `log ${log.log}` });
element('log-png', HTMLButtonElement).addEventListener(
  'click',
  withLog((log) => savePng(ofLog(log), span(), logDetail.pictures)),
);
element('log-json', HTMLButtonElement).addEventListener(
  'click',
  withLog((log, frames) => saveLogJson(ofLog(log), span(), frames)),
);
listen();
