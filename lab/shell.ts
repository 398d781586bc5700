/** A word as the guest's busybox shell reads it back, on one line whatever is in it. */
export function quote(word: string): string {
  const special = (character: string) => (character === "'" ? `'\\''` : `'$'\\n''`);
  return `'${word.replaceAll(/['\n]/g, special)}'`;
}

/** A line of shell for the agent: a function of guest/agent.sh and its words. */
export function agentCall(name: string, ...words: readonly string[]): string {
  return `${[name, ...words.map(quote)].join(' ')}\n`;
}

/** The shell text that becomes the command, in its folder and with nothing but its environment. */
export function commandScript(argv: readonly string[], cwd: string, env: Readonly<Record<string, string>>): string {
  const variables = Object.entries(env).map(([name, value]) => quote(`${name}=${value}`));
  const command = ['exec', '/usr/bin/env', '-i', ...variables, ...argv.map(quote)].join(' ');
  return `cd ${quote(cwd)} && ${command}`;
}
