import { nameText } from '../model/format.ts';
import type { Span } from '../model/heat.ts';
import type { Frame } from '../model/history.ts';
import type { LogFrame } from '../model/log-history.ts';
import { areasOf, countsOf, type ShownObject } from '../model/objects.ts';
import { COUNT_ORDER, type WireFile } from '../wire.ts';
import { colour } from './dom.ts';

const MARGIN = 16;
const TITLE_HEIGHT = 26;

function save(blob: Blob, name: string): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  URL.revokeObjectURL(link.href);
}

/** What a saved file is about. */
type Named = Pick<ShownObject, 'name' | 'device'>;

function fileName({ name }: Named, { to }: Span, ending: string): string {
  const time = new Date(to).toISOString().slice(0, 19).replaceAll(':', '-');
  return `${name.replace(/[^A-Za-z0-9.]+/g, '-').replace(/^[-.]+/, '') || 'dmstats'}-${time}.${ending}`;
}

/** Saves the pictures below each other as one PNG. */
export function savePng(
  object: Named,
  span: Span,
  pictures: readonly (readonly [title: string, canvas: HTMLCanvasElement])[],
): void {
  const canvas = document.createElement('canvas');
  const scale = devicePixelRatio;
  const widths = pictures.map(([, picture]) => picture.width);
  const heights = pictures.map(([, picture]) => picture.height + TITLE_HEIGHT * scale);
  canvas.width = Math.max(...widths) + 2 * MARGIN * scale;
  canvas.height = heights.reduce((sum, height) => sum + height, 3 * TITLE_HEIGHT * scale);
  const context = canvas.getContext('2d');
  if (context === null) return;
  context.fillStyle = colour('panel');
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.fillStyle = colour('ink');
  context.font = `${14 * scale}px system-ui, sans-serif`;
  let y = TITLE_HEIGHT * scale;
  const times = `${new Date(span.from).toLocaleString()} to ${new Date(span.to).toLocaleString()}`;
  context.fillText(`${nameText(object.name)} on ${nameText(object.device)}, ${times}`, MARGIN * scale, y);
  for (const [title, picture] of pictures) {
    y += TITLE_HEIGHT * scale;
    context.fillText(title, MARGIN * scale, y);
    context.drawImage(picture, MARGIN * scale, y + 6 * scale);
    y += picture.height;
  }
  canvas.toBlob((blob) => {
    if (blob !== null) save(blob, fileName(object, span, 'png'));
  });
}

/** Saves what is shown of a dirty log as JSON: the log at each time, with the heat of its parts. */
export function saveLogJson(object: Named, span: Span, frames: readonly LogFrame[]): void {
  const samples = frames.map(({ time, log }) => ({ time: new Date(time).toISOString(), ...log }));
  const { name } = object;
  const text = JSON.stringify({ schema: 1, name, samples });
  save(new Blob([text], { type: 'application/json' }), fileName(object, span, 'json'));
}

/** Saves what is shown as JSON: the object, and of each sample its counts in the order that `order` tells. */
export function saveJson(object: ShownObject, file: WireFile | undefined, span: Span, frames: readonly Frame[]): void {
  const samples = frames.flatMap(({ sample, objects }) => {
    const then = objects.get(object.key);
    if (then === undefined) return [];
    const device = sample.devices[then.deviceIndex];
    const regions = then.listed.map(({ id, start, length, role }) => ({
      id,
      role: role ?? null,
      start,
      length,
      counts: device?.regions[id] ?? null,
      areas: areasOf(then, id, sample),
    }));
    const unseen = then.kind === 'group' ? (device?.unseen[then.id] ?? [0, 0, 0, 0]) : null;
    const time = new Date(sample.time).toISOString();
    return [{ time, counts: countsOf(then, sample) ?? null, unseen, regions }];
  });
  const { name, device, kind, bounds } = object;
  const order = [...COUNT_ORDER, 'histogram'];
  const text = JSON.stringify({ schema: 1, name, device, kind, file: file ?? null, order, bounds, samples });
  save(new Blob([text], { type: 'application/json' }), fileName(object, span, 'json'));
}
