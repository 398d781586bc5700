/**
 * How a group is told from what it was a moment ago. The kernel changes one region's aux data at a time, but a group
 * whose leader changes has two tags for a while, and regions on their way in or out of a group are in the list beside
 * it. So that the list alone says what is what, whenever a process is killed, tags of one group share a line and are
 * numbered, and regions on their way bear a mark with the line.
 */

/** Which of a group's tags this is: of all with the same line, the highest number counts. */
export interface Generation {
  /** The same for a group's whole life, and no other group's; hexadecimal digits. */
  readonly line: string;
  readonly number: number;
}

/** The next tag's generation; the first one's of a group that had none. */
export function nextGeneration(generation: Generation | undefined): Generation {
  if (generation === undefined) return { line: newLine(), number: 1 };
  return { ...generation, number: generation.number + 1 };
}

/** No secret, only unlike others: to load node:crypto would take as long as all else that a short command does. */
function newLine(): string {
  return Math.floor(Math.random() * 2 ** LINE_BITS)
    .toString(16)
    .padStart(LINE_BITS / 4, '0');
}

const LINE_BITS = 48;
const MARK = 'handover=';

/** The aux data of a region that is on its way into a group or out of it. */
export function formatMark({ line }: Generation): string {
  return `${MARK}${line}`;
}

/** Whether a region is on its way into this group or out of it. */
export function hasMarkOf(aux: string, generation: Generation): boolean {
  return aux === formatMark(generation);
}

/** Whether a region is on its way into some group or out of it. */
export function hasMark(aux: string): boolean {
  return /^handover=[0-9a-f]+$/.test(aux);
}
