/**
 * What a target file declares, once, as data. From it come the printer, the parser, the validator, the text that the
 * kernel prints back, the status parser, the messages and the documentation.
 *
 * ```ts
 * export const delay = defineTarget({
 *   type: 'delay',
 *   summary: 'delays I/O',
 *   params: line(
 *     { device: device('what is mapped', { offset: 'offset' }), offset: sectorCount('first sector'), delay: u32('time') },
 *     { order: ['offset', 'device'] },          // the constructor's order of checks, where it is not the words'
 *   ),
 *   status: line({ reads: u32('in flight') }),  // the INFO line; left out where there is none
 *   messages: { flush: line({}) },              // delay.messages.flush() gives the text
 * });
 * delay({ device: '/dev/sda', offset: sectors(0n), delay: 5 }).tableLine(sectors(0n), sectors(8n));
 * delay.parse('8:0 0 5').values.device;         // typed from the declaration
 * ```
 *
 * - A line is parts by name, in the order of the words: numbers (`u32`, `i32`, `u64`, `sectorCount`), words (`text`,
 *   `choice`, `literal`, `device`, `key`), lists (`list` with `countOf` before it, `counted` with its own count),
 *   groups of options (`options` of `flag`, `valued`, `joined`), and around them `optional`, `orDash`, `orState`.
 * - A check of several words is a rule of the line. Its message says what is wrong and what would be right.
 * - The errno of every check is EINVAL unless told; opening a device gives what `Circumstances.cannotOpen` says.
 * - What differs between kernels is a `since` or a `Changed` value, never code.
 * - What the kernel makes of the values before it prints them back is the declaration's `kept`; `valuesOf` finds an
 *   option's values.
 * - Words that the grammar does not know are kept in place (`{ unknown }` in a choice or a group, `Target.rest` behind
 *   the line). A number that is no number, and a word that is missing, is a DmParseError.
 */
export type { Device, DeviceUse } from './device.ts';
export { group, oneOf } from './group.ts';
export { atLeast, type Changed, type KernelVersion, onKernel } from './kernel-version.ts';
export { type LineSettings, line, optional, orState, type Rule, type State } from './line.ts';
export { counted, countOf, countOfEach, list } from './list.ts';
export { i32, type NumberRange, sectorCount, u32, u64 } from './number.ts';
export { flag, joined, type Option, type OptionValue, valued, valuesOf } from './option.ts';
export { type OptionsSettings, options } from './options.ts';
export { type Pair, pairs } from './pairs.ts';
export { type HelpLine, isUnknown, label, type Part, type Readback, type UnknownWord, type ValueOf } from './part.ts';
export type { Circumstances, Problem } from './reader.ts';
export { hidden, key, Secret, secret } from './secret.ts';
export { Target } from './target.ts';
export {
  defineTarget,
  type Status,
  type TargetDeclaration,
  type TargetFeatures,
  type TargetGrammar,
  type TargetType,
} from './target-type.ts';
export { type Usage, usage } from './usage.ts';
export { choice, device, literal, orDash, text } from './word-parts.ts';
