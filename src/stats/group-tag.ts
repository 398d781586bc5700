/**
 * How lvm2 keeps groups in the kernel: the aux data of the group's leader (its lowest region) is
 * `DMS_GROUP="ALIAS":A,B,M-N#USERDATA`. Before 2023 the alias had no quotation marks; both forms are in use and neither
 * reader understands the other's: a tag is rewritten in the form in which it was found.
 */
const TAG = 'DMS_GROUP=';

/** Whether a tag's alias stands in quotation marks (libdm since 2023) or not (before). */
export type GroupTagForm = 'quoted' | 'unquoted';

/** A group as its tag states it. */
export interface GroupTag {
  /** The group's name; empty when it has none. */
  readonly alias: string;
  /** Region ids, ascending. */
  readonly members: readonly number[];
  readonly userData: string;
  readonly form: GroupTagForm;
}

/** Whether a region's aux data holds a group's tag. */
export function hasGroupTag(aux: string): boolean {
  return aux.startsWith(TAG);
}

/** Region ids as lvm2 writes them: `0-2,5`. */
export function formatIds(ids: readonly number[]): string {
  const parts: string[] = [];
  for (let index = 0; index < ids.length; ) {
    const first = ids[index] as number;
    let last = first;
    while (ids[index + 1] === last + 1) {
      last++;
      index++;
    }
    index++;
    parts.push(first === last ? `${first}` : `${first}-${last}`);
  }
  return parts.join(',');
}

// A range is a few bytes of text but may name any number of ids: 0-2147483647 must not fill the memory.
const MAX_MEMBERS = 1_000_000;

/** Parses `0-2,5`; undefined unless it is a list of ascending ranges of at most a million ids. */
export function parseIds(text: string): number[] | undefined {
  const ids: number[] = [];
  for (const part of text.split(',')) {
    const match = /^(\d{1,10})(?:-(\d{1,10}))?$/.exec(part);
    if (match === null) return undefined;
    const first = Number(match[1]);
    const last = Number(match[2] ?? match[1]);
    if (last < first || ids.length + last - first >= MAX_MEMBERS) return undefined;
    for (let id = first; id <= last; id++) ids.push(id);
  }
  const isAscending = ids.every((id, index) => index === 0 || (ids[index - 1] as number) < id);
  return isAscending ? ids : [...new Set(ids)].sort((a, b) => a - b);
}

/** The aux data that makes a region the leader of a group. */
export function formatGroupTag({ alias, members, userData, form }: GroupTag): string {
  const name = alias === '' ? '' : form === 'quoted' ? `"${alias}"` : alias;
  return `${TAG}${name}:${formatIds(members)}#${userData === '' ? '-' : userData}`;
}

/**
 * Reads a leader's aux data. An alias may hold `:` and `#`: the members are the first list that begins with the
 * leader's own id, as in every tag that lvm2 or this library writes.
 *
 * @param leader the id of the region that carries the aux data
 * @returns undefined when the text is a tag but not one that can be understood
 */
export function parseGroupTag(aux: string, leader: number): GroupTag | undefined {
  const text = aux.slice(TAG.length);
  const isQuoted = text.startsWith('"') && text.includes('":');
  return (isQuoted ? split(text, '":', 1, leader, 'quoted') : undefined) ?? split(text, ':', 0, leader, 'unquoted');
}

function split(
  text: string,
  separator: string,
  aliasStart: number,
  leader: number,
  form: GroupTagForm,
): GroupTag | undefined {
  for (let at = text.indexOf(separator, aliasStart); at >= 0; at = text.indexOf(separator, at + 1)) {
    const list = /^([\d,-]+)#/.exec(text.slice(at + separator.length));
    const members = list?.[1] === undefined ? undefined : parseIds(list[1]);
    if (list === null || members === undefined || members[0] !== leader) continue;
    const userData = text.slice(at + separator.length + list[0].length);
    // An alias-less tag has no quotation marks in either form; rewrite it in the form that both readers share.
    return { alias: text.slice(aliasStart, at), members, userData: userData === '-' ? '' : userData, form };
  }
  return undefined;
}
