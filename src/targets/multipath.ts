import {
  choice,
  counted,
  countOf,
  countOfEach,
  defineTarget,
  device,
  flag,
  line,
  list,
  literal,
  options,
  text,
  u32,
  valued,
  valuesOf,
} from './grammar.ts';
import { pathArguments, selectorArguments, selectorFault } from './path-selectors.ts';

const WORDS_MAX = 1024;

const group = u32('number of a group', { min: 1 });

/** Several paths to one device, in groups of which one is in use (drivers/md/dm-mpath.c). */
export const multipath = defineTarget({
  type: 'multipath',
  summary: 'reaches one device by several paths',
  params: line(
    {
      features: options(
        {
          queue_if_no_path: flag('I/O waits when there is no path'),
          pg_init_retries: valued(u32('times', { min: 1, max: 50 }), 'the handler tries to make a group ready'),
          pg_init_delay_msecs: valued(u32('between two tries', { max: 60_000, unit: 'milliseconds' }), 'waits'),
          retain_attached_hw_handler: flag('keeps the handler that a path has'),
          queue_mode: valued(choice('bio or request', ['bio', 'rq', 'mq']), 'what goes down the paths: rq unless told'),
        },
        { max: 8, count: 'required', readback: { zero: true } },
      ),
      handler: counted(text('of the hardware and its arguments'), 'words of the handler', { max: WORDS_MAX }),
      groupCount: countOf('groups', 'number of groups', { max: WORDS_MAX }),
      initialGroup: u32('the group to begin with, 0 without groups', { max: WORDS_MAX }),
      groups: list(
        line(
          {
            selector: text('how a path is chosen, such as round-robin or service-time'),
            selectorArguments: counted(text('of the selector'), 'arguments of the selector', { max: WORDS_MAX }),
            pathCount: countOf('paths', 'number of paths', { min: 1, max: WORDS_MAX }),
            argumentCount: countOfEach('paths', 'arguments', 'words behind each path', { max: WORDS_MAX }),
            paths: list(line({ path: device('a path'), arguments: list(text('what the selector takes for a path')) })),
          },
          {
            rules: {
              selectorTakes: {
                about: 'selector',
                wrong: ({ selector, selectorArguments, paths }) =>
                  selectorFault(
                    selector,
                    selectorArguments,
                    paths.map((path) => path.arguments),
                  ),
              },
            },
          },
        ),
      ),
    },
    {
      order: ['features', 'handler', 'groupCount', 'initialGroup', 'begins', 'groups'],
      rules: {
        begins: {
          about: 'initialGroup',
          wrong: ({ initialGroup, groups }) =>
            (initialGroup === 0) === (groups.length === 0)
              ? undefined
              : `initial_group must be ${groups.length === 0 ? '0 without groups' : 'a group, from 1'}`,
        },
      },
    },
  ),
  countsLate: true,
  kept(values) {
    const { features: given = [], handler, initialGroup, groups } = values;
    const bio = valuesOf(given, 'queue_mode').at(-1) === 'bio';
    const features = given.filter((each) => bio || typeof each !== 'object' || !('queue_mode' in each));
    return {
      ...values,
      // Without requests there is no handler to be set, so the one that a path has is kept.
      features: bio ? [...features, 'retain_attached_hw_handler' as const] : features,
      handler: bio ? [] : handler.slice(0, 1),
      initialGroup: initialGroup > groups.length ? 1 : initialGroup,
      groups: groups.map((each) => ({
        ...each,
        selectorArguments: selectorArguments(each.selector, each.selectorArguments),
        paths: each.paths.map((path) => ({ ...path, arguments: pathArguments(each.selector, path.arguments) })),
      })),
    };
  },
  status: line({
    features: literal('2'),
    queueing: u32('1 while I/O waits for a group to be ready'),
    initializations: u32('tries to make the group ready'),
    handler: literal('0'),
    groupCount: countOf('groups', 'number of groups'),
    nextGroup: u32('the group in use or to be used next'),
    groups: list(
      line({
        state: choice('D disabled, A in use, E enabled', ['D', 'A', 'E']),
        selector: counted(text('of the selector'), 'values of the selector'),
        pathCount: countOf('paths', 'number of paths'),
        valueCount: countOfEach('paths', 'values', 'words behind each path'),
        paths: list(
          line({
            path: device('a path'),
            state: choice('A active, F failed', ['A', 'F']),
            failures: u32('how often it failed'),
            values: list(text('what the selector says of the path')),
          }),
        ),
      }),
    ),
  }),
  messages: {
    queue_if_no_path: line({}),
    fail_if_no_path: line({}),
    disable_group: line({ group }),
    enable_group: line({ group }),
    switch_group: line({ group }),
    fail_path: line({ path: device('which path') }),
    reinstate_path: line({ path: device('which path') }),
  },
  features: { singleton: true, immutable: true },
  readback: { trailingBlank: true },
});
