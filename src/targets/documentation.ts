import type { Changed } from './kernel-version.ts';
import type { HelpLine } from './part.ts';
import type { TargetGrammar } from './target-type.ts';

/** What a person must know to write a target's parameters: its form, what each word is, its status and messages. */
export function helpText(grammar: TargetGrammar): string {
  const { type, summary, form, help, statusForm, messageForms } = grammar;
  const lines = [
    `${type}: ${summary}`,
    '',
    `  ${`${type} ${form}`.trimEnd()}`,
    ...help.map(({ name, text }) => `    ${name}: ${text}`),
  ];
  if (statusForm !== '') lines.push('', `  Status: ${statusForm}`);
  if (messageForms.length > 0) lines.push('', '  Messages:', ...messageForms.map((message) => `    ${message}`));
  return `${lines.join('\n')}\n`;
}

/** The targets as a page of Markdown: one table of all, then the words of each. */
export function documentationPage(grammars: readonly TargetGrammar[]): string {
  const rows = grammars.map((grammar) =>
    [
      code(grammar.type),
      grammar.summary,
      code(grammar.form),
      code(grammar.statusForm),
      code(grammar.messageForms.join('; ')),
      demands(grammar),
    ]
      .map((cell) => cell.replaceAll('|', '\\|'))
      .join(' | '),
  );
  return [
    '# Targets',
    '',
    'Generated from the grammars in `src/targets/` by `node scripts/targets-page.mjs`; a test checks that it is current.',
    '`[…]` may be left out, `(…)…` repeats, `a|b` is one of both, `<#name>` is a count. Devices are `major:minor` or paths.',
    '',
    '| Target | What it does | Parameters | Status | Messages | Table |',
    '| --- | --- | --- | --- | --- | --- |',
    ...rows.map((row) => `| ${row} |`),
    ...grammars.filter(({ help }) => help.length > 0).flatMap(section),
    '',
  ].join('\n');
}

function code(text: string): string {
  return text === '' ? '' : `\`${text}\``;
}

function section({ type, help }: TargetGrammar): string[] {
  return ['', `## ${type}`, '', ...distinct(help).map(({ name, text }) => `- ${code(name)}: ${text}`)];
}

/** Parts that stand twice in a line are explained once. */
function distinct(help: readonly HelpLine[]): HelpLine[] {
  return [...new Map(help.map((each) => [`${each.name} ${each.text}`, each])).values()];
}

function demands({ features, since }: TargetGrammar): string {
  return [
    ...(since === undefined ? [] : [`since Linux ${since}`]),
    ...alone(features.singleton ?? false),
    ...(features.immutable === true ? ['no other type can replace it'] : []),
    ...(features.alwaysWriteable === true ? ['not read-only'] : []),
    ...(features.readOnly === true ? ['read-only'] : []),
  ].join(', ');
}

function alone(singleton: boolean | Changed<boolean>): string[] {
  const text = 'alone in its table';
  if (typeof singleton === 'boolean') return singleton ? [text] : [];
  return [`${text} ${singleton.now ? 'from' : 'before'} Linux ${singleton.since}`];
}
