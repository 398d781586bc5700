import { drawHeat } from './picture-heat.ts';
import { type Box, drawCoverage, drawFrame, drawRates, drawTimeAxis, text } from './picture-panels.ts';
import { HEAT_BOUNDS, linear, px, type Scale } from './picture-scale.ts';
import { STYLE } from './picture-style.ts';
import { PROGRAM_ENDS, type Recording } from './recording.ts';

const WIDTH = 860;
const HEIGHT = 728;
const LEFT = 60;
const RIGHT = 844;
const MIB = 1024 * 1024;

const HEAT: Box = { left: LEFT, right: RIGHT, top: 122, bottom: 432 };
const RATES: Box = { left: LEFT, right: RIGHT, top: 466, bottom: 550 };
const COVERAGE: Box = { left: LEFT, right: RIGHT, top: 584, bottom: 678 };

const HATCH =
  '<pattern id="hatch" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">' +
  '<path class="hatch" d="M3 0V6"/></pattern>';

/** Draws a run of the demo as SVG that stands on its own. */
export function drawPicture(recording: Recording): string {
  const { frames, rows, phases, kernel, fileSystem } = excerpt(recording);
  const end = Math.max(1, frames.at(-1)?.atMs ?? 1);
  const highest = Math.max(
    MIB,
    ...frames.flatMap(({ sizeBytes, pieces, uncovered }) => [
      sizeBytes,
      ...[...pieces, ...uncovered].map(({ offset, length }) => offset + length),
    ]),
  );
  const x = linear(frames[0]?.atMs ?? 0, end, LEFT, RIGHT);
  const y = linear(0, highest * 1.06, HEAT.bottom, HEAT.top);
  const title = 'A growing file and its regions, as dmfilemapd keeps them';
  const about = `vm.img, ${fileSystem}, on a linear device-mapper volume; Linux ${kernel}. Measured by "npm run demo", four looks a second.`;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" width="${WIDTH}" height="${HEIGHT}" role="img">`,
    `<title>${title}</title>`,
    `<style>${STYLE}</style><defs>${HATCH}</defs>`,
    `<rect class="paper" width="${WIDTH}" height="${HEIGHT}"/>`,
    text(LEFT, 26, title, 'class="title"'),
    text(LEFT, 46, about, 'class="faint"'),
    drawLegend(),
    drawFrame(HEAT, x, y, { name: 'offset in the file, MiB', most: 9, unit: MIB }),
    drawHeat(frames, x, y),
    drawRates(RATES, x, rows),
    drawCoverage(COVERAGE, x, rows),
    drawPhases(phases, x, end),
    drawTimeAxis(COVERAGE, x),
    '</svg>\n',
  ].join('\n');
}

function drawLegend(): string {
  const parts: string[] = [];
  const top = 58;
  const swatch = 38;
  const heatLeft = LEFT;
  const names = ['0', ...HEAT_BOUNDS.map((bound) => (bound >= 1000 ? `${bound / 1000}k` : `${bound}`))];
  for (const [heat, name] of names.entries()) {
    const left = heatLeft + heat * swatch;
    parts.push(`<rect class="h${heat}" x="${left}" y="${top}" width="${swatch}" height="12"/>`);
    parts.push(text(left + 1, top + 25, heat === 0 ? name : `≥ ${name}`, 'class="faint" style="font-size:10.5px"'));
  }
  parts.push(text(heatLeft + names.length * swatch + 8, top + 10, 'sectors read and written a second, by region'));
  const second = top + 25;
  const keys = LEFT + names.length * swatch + 8;
  parts.push(`<path class="edge" d="M${keys + 2} ${second - 10}V${second + 1}" style="stroke-width:1.6"/>`);
  parts.push(text(keys + 10, second, 'region created'));
  parts.push(
    `<rect class="key" fill="url(#hatch)" style="fill:url(#hatch)" x="${keys + 112}" y="${second - 10}" width="24" height="11"/>`,
  );
  parts.push(text(keys + 141, second, 'no region: I/O is not seen'));
  parts.push(`<path class="size" d="M${keys + 310} ${second - 4}h24"/>`);
  parts.push(text(keys + 340, second, 'end of the file'));
  return parts.join('\n');
}

/** What went on, over all panels. */
function drawPhases(phases: Recording['phases'], x: Scale, endMs: number): string {
  return phases
    .map(({ label, atMs }, index) => {
      const at = x(atMs);
      const parts = [HEAT, RATES, COVERAGE].map(
        (box) => `M${px(at)} ${box.top - (box === HEAT ? 14 : 0)}V${box.bottom}`,
      );
      const line = `<path class="phase" d="${parts.join('')}"/>`;
      const room = x(phases[index + 1]?.atMs ?? endMs) - at;
      // A name that would run into the next one is written one line higher.
      const isTight = room < label.length * 7;
      return `${line}\n${text(at + 3, HEAT.top - (isTight ? 20 : 5), label, 'style="font-size:11.5px"')}`;
    })
    .join('\n');
}

const BEFORE_MS = 1500;
const STEADY_MS = 4000;

/** The part of a run that is worth showing: the program's growth and a little on both sides; it begins at 0. */
export function excerpt(recording: Recording): Recording {
  const { phases } = recording;
  const zero = phases[0]?.atMs ?? 0;
  const steady = phases.find(({ name }) => name === 'steady');
  const end = Math.min(
    steady === undefined ? Number.POSITIVE_INFINITY : steady.atMs + STEADY_MS,
    recording.marks.find(({ text }) => text === PROGRAM_ENDS)?.atMs ?? Number.POSITIVE_INFINITY,
  );
  const within = <T extends { readonly atMs: number }>(list: readonly T[]): T[] =>
    list
      .filter(({ atMs }) => atMs >= zero - BEFORE_MS && atMs <= end)
      .map((one) => ({ ...one, atMs: one.atMs - zero }));
  return {
    ...recording,
    frames: within(recording.frames),
    rows: within(recording.rows),
    phases: within(phases),
    marks: within(recording.marks),
  };
}
