/**
 * A name or uuid as libdevmapper's `auto` mangling has it: what udev does not allow in the names of nodes is written
 * `\xNN`, byte by byte; what is written so already stays.
 */
export function mangled(text: string): string {
  return text.replace(/\\(?!x[0-9a-f]{2})|[^\\0-9A-Za-z#+\-.:=@_]/gu, (character) =>
    [...Buffer.from(character)].map((byte) => `\\x${byte.toString(16)}`).join(''),
  );
}

/** A mangled name or uuid as people know it. */
export function unmangled(text: string): string {
  return text.replace(/(\\x[0-9a-f]{2})+/gi, (bytes) => Buffer.from(bytes.replaceAll('\\x', ''), 'hex').toString());
}

/** Whether names are shown and taken mangled, as `$DM_DEFAULT_NAME_MANGLING_MODE` says. */
export function isManglingOff({ DM_DEFAULT_NAME_MANGLING_MODE: mode }: NodeJS.ProcessEnv): boolean {
  return mode === 'none';
}
