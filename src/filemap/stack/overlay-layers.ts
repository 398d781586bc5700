/** What a mount table says of an overlay. Pure. */

/** A file on an overlay mount, and the folders that the overlay is made of. */
export interface OverlayPlace {
  /** Topmost first. */
  readonly layers: readonly string[];
  /** The file's place in each, beginning with `/`. */
  readonly path: string;
}

/** The octal escapes of `/proc/self/mountinfo` (fs/seq_file.c, `mangle_path`). */
const unescapeOctal = (text: string): string =>
  Buffer.from(
    text.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8))),
    'latin1',
  ).toString();

/**
 * Finds the layers of the overlay that a file is on.
 *
 * @param mountInfo the text of `/proc/self/mountinfo`, as latin1
 * @param mountId the mount through which the file was opened (`/proc/self/fdinfo`)
 * @param path the file's absolute path
 * @returns undefined when the mount is not listed, as one of another mount name space
 */
export function overlayPlace(mountInfo: string, mountId: number, path: string): OverlayPlace | undefined {
  const line = mountInfo.split('\n').find((one) => one.startsWith(`${mountId} `));
  if (line === undefined) return undefined;
  // Documentation/filesystems/proc.rst 3.5: optional fields end with a single hyphen.
  const [mount = '', rest = ''] = line.split(' - ', 2);
  const [, , , root = '/', point = '/'] = mount.split(' ');
  const [, , options = ''] = rest.split(' ');
  const folder = unescapeOctal(point);
  const within = folder === '/' ? path : path.slice(folder.length);
  if (folder !== '/' && !path.startsWith(`${folder}/`)) return undefined;
  const top = unescapeOctal(root);
  return { layers: layersOf(options), path: top === '/' ? within : `${top}${within}` };
}

/** Source: Documentation/filesystems/overlayfs.rst, fs/overlayfs/params.c `ovl_show_options`. */
function layersOf(options: string): string[] {
  const upper: string[] = [];
  const lower: string[] = [];
  for (const option of options.split(',')) {
    const at = option.indexOf('=');
    const value = unescapeOctal(option.slice(at + 1));
    switch (option.slice(0, Math.max(at, 0))) {
      case 'upperdir':
        upper.push(unescapeBackslash(value));
        break;
      case 'lowerdir':
        lower.push(...splitLower(value));
        break;
      // One layer each, taken as it is (since 6.8).
      case 'lowerdir+':
      case 'datadir+':
        lower.push(value);
        break;
    }
  }
  return [...upper, ...lower];
}

/** Colons separate, two of them before layers of data only; a backslash takes away a character's meaning. */
function splitLower(value: string): string[] {
  return value.match(/(?:\\.|[^\\:])+/gs)?.map(unescapeBackslash) ?? [];
}

const unescapeBackslash = (text: string): string => text.replace(/\\(.)/gs, '$1');
