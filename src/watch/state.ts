import { type Item, itemsIn, type Place, type WatchSample } from './items.ts';
import { tableHeight } from './layout.ts';
import { hurt, type Measure, measure, SORTS, type Sort } from './measure.ts';

/** Columns and lines of a terminal. */
export interface Size {
  readonly columns: number;
  readonly rows: number;
}

/** A key as `node:readline` decodes it. */
export interface Key {
  /** Such as `up`, `return`, `a`; undefined for most characters that are no letters. */
  readonly name: string | undefined;
  /** What was typed. */
  readonly text: string;
  readonly ctrl: boolean;
}

/** What happens to the view. */
export type WatchEvent =
  | { readonly type: 'sample'; readonly sample: WatchSample }
  | { readonly type: 'key'; readonly key: Key }
  | { readonly type: 'resize'; readonly size: Size };

/** The measures of a row's last intervals, the newest last. */
export type Trail = readonly Measure[];

/** The newest sample and the way there. */
export interface Shown {
  readonly sample: WatchSample | undefined;
  readonly trails: ReadonlyMap<string, Trail>;
}

/** A place that was opened and the row that is selected there. */
export interface Visit {
  readonly place: Place;
  /** What the row that was opened is called. */
  readonly title: string;
  /** Undefined: the first row, whichever that is. */
  readonly selected: { readonly key: string; readonly index: number } | undefined;
}

/** All that the view is made of. */
export interface WatchState {
  readonly size: Size;
  readonly sort: Sort;
  readonly isReversed: boolean;
  readonly filter: string;
  /** Whether regions that serve the groups of files are rows beside them. */
  readonly isAll: boolean;
  readonly mode: 'list' | 'filter' | 'help';
  /** The place that is shown last, those that lead to it before. */
  readonly visits: readonly [Visit, ...Visit[]];
  readonly live: Shown;
  /** What is shown while paused. */
  readonly frozen: Shown | undefined;
  readonly isDone: boolean;
}

/** What sparklines can show. */
export const TRAIL_LENGTH = 120;

/** The view before anything was read. */
export function initialState(size: Size, sort: Sort): WatchState {
  return {
    size,
    sort,
    isReversed: false,
    filter: '',
    isAll: false,
    mode: 'list',
    visits: [{ place: { level: 'all' }, title: 'all devices', selected: undefined }],
    live: { sample: undefined, trails: new Map() },
    frozen: undefined,
    isDone: false,
  };
}

/** The place that is shown. */
export function currentVisit({ visits }: WatchState): Visit {
  return visits.at(-1) ?? visits[0];
}

/** A row with what it shows. */
export interface Row {
  readonly item: Item;
  readonly measure: Measure;
  readonly trail: Trail;
}

/** The rows that pass the filter, in their order. */
export function rowsOf(state: WatchState): Row[] {
  const { sample, trails } = state.frozen ?? state.live;
  if (sample === undefined) return [];
  const wanted = state.filter.toLowerCase();
  const rows = itemsIn(sample, currentVisit(state).place, state.isAll)
    .filter(({ name }) => name.toLowerCase().includes(wanted))
    .map((item) => ({ item, measure: measure(item, item.bounds), trail: trails.get(item.key) ?? [] }));
  const direction = state.isReversed ? -1 : 1;
  return rows.sort((a, b) => direction * compare(a, b, state.sort));
}

/** What hurts most first, what has no value last; names upwards. */
function compare(a: Row, b: Row, sort: Sort): number {
  const worst = (hurt(b.measure, sort) ?? -1) - (hurt(a.measure, sort) ?? -1);
  if (worst !== 0) return worst;
  // Areas are many and look alike: by number, not by text.
  return a.item.name.localeCompare(b.item.name, 'en', { numeric: true });
}

/** The selected row's place in the list; -1 for an empty one. A row that is gone leaves the selection where it was. */
export function selectedIndex(rows: readonly Row[], { selected }: Visit): number {
  if (selected === undefined) return Math.min(0, rows.length - 1);
  const found = rows.findIndex(({ item }) => item.key === selected.key);
  return found >= 0 ? found : Math.min(selected.index, rows.length - 1);
}

/** What follows from an event. */
export function update(state: WatchState, event: WatchEvent): WatchState {
  switch (event.type) {
    case 'resize':
      return { ...state, size: event.size };
    case 'sample':
      return { ...state, live: extended(state, event.sample) };
    case 'key':
      return pressed(state, event.key);
  }
}

/** Trails of what is overviewed and of the place that is shown; what was left is forgotten. */
function extended(state: WatchState, sample: WatchSample): Shown {
  const { place } = currentVisit(state);
  const overview = itemsIn(sample, { level: 'all' }, state.isAll);
  const items = place.level === 'all' ? overview : [...overview, ...itemsIn(sample, place, state.isAll)];
  const trails = new Map<string, Trail>();
  for (const { key, bounds, counters, intervalNs } of items) {
    const before = state.live.trails.get(key) ?? [];
    trails.set(key, [...before.slice(1 - TRAIL_LENGTH), measure({ counters, intervalNs }, bounds)]);
  }
  return { sample, trails };
}

function pressed(state: WatchState, key: Key): WatchState {
  if (key.ctrl && key.name === 'c') return { ...state, isDone: true };
  if (state.mode === 'help') return { ...state, mode: 'list' };
  return state.mode === 'filter' ? typed(state, key) : commanded(state, key);
}

function typed(state: WatchState, { name, text, ctrl }: Key): WatchState {
  if (name === 'return' || name === 'enter') return { ...state, mode: 'list' };
  if (name === 'escape') return { ...state, mode: 'list', filter: '' };
  if (name === 'backspace') return { ...state, filter: [...state.filter].slice(0, -1).join('') };
  if (ctrl && name === 'u') return { ...state, filter: '' };
  return /^\P{C}+$/u.test(text) ? { ...state, filter: state.filter + text } : state;
}

function commanded(state: WatchState, key: Key): WatchState {
  const isPaused = state.frozen !== undefined;
  switch (key.text) {
    case 'q':
      return { ...state, isDone: true };
    case '?':
      return { ...state, mode: 'help' };
    case '/':
      return { ...state, mode: 'filter' };
    case 'p':
    case ' ':
      return { ...state, frozen: isPaused ? undefined : state.live };
    case 's':
      return sorted(state, 1);
    case 'S':
      return sorted(state, -1);
    case 'r':
      return { ...state, isReversed: !state.isReversed };
    case 'a':
      return { ...state, isAll: !state.isAll };
    case 'G':
      return moved(state, Infinity);
  }
  const page = tableHeight(state.size);
  switch (key.name) {
    case 'up':
    case 'k':
      return moved(state, -1);
    case 'down':
    case 'j':
      return moved(state, 1);
    case 'pageup':
      return moved(state, -page);
    case 'pagedown':
      return moved(state, page);
    case 'end':
      return moved(state, Infinity);
    case 'home':
    case 'g':
      return atVisit(state, { ...currentVisit(state), selected: undefined });
    case 'return':
    case 'enter':
    case 'right':
    case 'l':
      return opened(state);
    case 'escape':
      return state.filter === '' ? left(state) : { ...state, filter: '' };
    case 'left':
    case 'backspace':
    case 'h':
      return left(state);
  }
  return state;
}

function sorted(state: WatchState, step: 1 | -1): WatchState {
  const index = (SORTS.indexOf(state.sort) + step + SORTS.length) % SORTS.length;
  return { ...state, sort: SORTS[index] as Sort, isReversed: false };
}

function atVisit(state: WatchState, visit: Visit): WatchState {
  const [first, ...others] = state.visits;
  return { ...state, visits: others.length === 0 ? [visit] : [first, ...others.slice(0, -1), visit] };
}

function moved(state: WatchState, by: number): WatchState {
  const rows = rowsOf(state);
  const visit = currentVisit(state);
  const index = Math.max(0, Math.min(rows.length - 1, selectedIndex(rows, visit) + by));
  const row = rows[index];
  return row === undefined ? state : atVisit(state, { ...visit, selected: { key: row.item.key, index } });
}

function opened(state: WatchState): WatchState {
  const rows = rowsOf(state);
  const visit = currentVisit(state);
  const index = selectedIndex(rows, visit);
  const row = rows[index];
  if (row?.item.inside === undefined) return state;
  const { key, inside: place, name: title } = row.item;
  const [first, ...others] = atVisit(state, { ...visit, selected: { key, index } }).visits;
  return { ...state, filter: '', visits: [first, ...others, { place, title, selected: undefined }] };
}

function left(state: WatchState): WatchState {
  const [first, ...others] = state.visits;
  return { ...state, filter: '', visits: [first, ...others.slice(0, -1)] };
}
