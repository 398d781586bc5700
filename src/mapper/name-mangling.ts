/**
 * How libdevmapper writes names in the folder of nodes, since udev allows few characters there: any other byte is
 * `\xNN`. As its mode `auto`, which takes a name that holds such words already for mangled; the mode `none`, from
 * `DM_DEFAULT_NAME_MANGLING_MODE`, leaves names alone. Source: dmsetup(8), `--manglename`.
 */
export function mangledName(name: string, { DM_DEFAULT_NAME_MANGLING_MODE: mode }: NodeJS.ProcessEnv = {}): string {
  if (mode === 'none') return name;
  return name.replace(/\\(?!x[0-9a-f]{2})|[^\\0-9A-Za-z#+\-.:=@_]/gu, (character) =>
    [...Buffer.from(character)].map((byte) => `\\x${byte.toString(16).padStart(2, '0')}`).join(''),
  );
}

/** A mangled name as people know it. */
export function unmangledName(name: string, { DM_DEFAULT_NAME_MANGLING_MODE: mode }: NodeJS.ProcessEnv = {}): string {
  if (mode === 'none') return name;
  return name.replace(/(\\x[0-9a-f]{2})+/gi, (bytes) => Buffer.from(bytes.replaceAll('\\x', ''), 'hex').toString());
}
