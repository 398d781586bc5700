/** Whether a text is printable ASCII only, as nearly all cells of a table are. */
export function isPlain(text: string): boolean {
  return /^[ -~]*$/.test(text);
}

/** Text from the kernel, which other programs wrote: control characters are shown, not sent to the terminal. */
export function visible(text: string): string {
  if (isPlain(text)) return text;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is replaced
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g, (character) => {
    const code = character.charCodeAt(0);
    return code > 0xff ? `\\u${code.toString(16)}` : `\\x${code.toString(16).padStart(2, '0')}`;
  });
}
