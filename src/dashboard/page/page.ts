import type { Span } from '../model/heat.ts';
import { History } from '../model/history.ts';
import type { Files, Hello, Layout, WireSample } from '../wire.ts';
import { Detail } from './detail.ts';
import { darkness, element, setText } from './dom.ts';
import { saveJson, savePng } from './download.ts';
import { Overview } from './overview.ts';

const MS_PER_SECOND = 1000;
const history = new History();
const detail = new Detail();
const overview = new Overview(open);
const status = element('status', HTMLElement);
const pause = element('pause', HTMLButtonElement);
const range = element('range', HTMLSelectElement);
const overviewSection = element('overview', HTMLElement);
const detailSection = element('detail', HTMLElement);

let opened = chosenKey();
let pausedAt: number | undefined;
let problems: readonly string[] = [];
let fileProblems: readonly string[] = [];
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
    const frames = framesShown();
    const last = frames.at(-1);
    if (last === undefined) return;
    const object = opened === undefined ? undefined : (last.objects.get(opened) ?? history.objects.get(opened));
    const isDetail = opened !== undefined;
    overviewSection.hidden = isDetail;
    detailSection.hidden = !isDetail;
    if (!isDetail) overview.show(last, [...problems, ...fileProblems]);
    else if (object === undefined) setText(element('facts', HTMLElement), 'It is gone, or was never there.');
    else {
      const subject = { object, file: history.fileOf(object), frames, span: span(), intervalMs: everyMs };
      if (!detail.show(subject, isNew)) goOn();
    }
  });
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
    if (opened !== undefined) element('title', HTMLElement).focus();
    else if (before !== undefined) overview.focus(before);
  });
});
addEventListener('keydown', onKey);
darkness.addEventListener('change', () => detail.restyle());
pause.addEventListener('click', () => setPaused(pausedAt === undefined));
range.addEventListener('change', draw);
element('filter', HTMLInputElement).addEventListener('input', draw);
element('back', HTMLButtonElement).addEventListener('click', () => {
  location.hash = '';
});
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
listen();
