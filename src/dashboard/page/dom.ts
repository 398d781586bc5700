/** The page's element of an id. @throws Error when the page and its script do not fit together */
export function element<T extends HTMLElement>(id: string, type: abstract new () => T): T {
  const found = document.getElementById(id);
  if (!(found instanceof type)) throw new Error(`no element #${id}`);
  return found;
}

/** Sets a text if it is another one: the browser lays out what is touched. */
export function setText(node: Node, text: string): void {
  if (node.textContent !== text) node.textContent = text;
}

/** What of a frame may be used, and gone on in the next: half of a frame's time is the browser's. */
const BUSY_MS = 8;

/** Whether the time of the frame that begins now is up. */
export function frameTime(): () => boolean {
  const end = performance.now() + BUSY_MS;
  return () => performance.now() > end;
}

/** Whether the page is shown in dark colours, and word of it when that changes. */
export const darkness: MediaQueryList = matchMedia('(prefers-color-scheme: dark)');

/** A colour of the page's style. */
export function colour(name: 'ground' | 'ink' | 'soft' | 'line' | 'panel' | 'first' | 'second'): string {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
}
