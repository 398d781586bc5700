import { parseArgs } from 'node:util';
import { type KernelSeries, kernelSeries } from '../lab/kernel-package.ts';
import { SCENARIO_NAMES, type ScenarioName } from './scenarios/index.ts';

export const USAGE = `usage: npm run bench -- [OPTION]...
  --quick          small sizes and few repeats, about two minutes; writes no file
  --only NAME      one scenario, may be repeated: ${SCENARIO_NAMES.join(', ')}
  --soak MINUTES   the soak too, so long
  --kernel SERIES  ${kernelSeries.join(' or ')} (default ${kernelSeries[0]})
  --here           on this machine's own device-mapper, as root; LAB_DISKS names a scratch disk, all on it is lost
Each scenario run in full writes its section of docs/benchmarks.md.
`;

export interface BenchArguments {
  readonly quick: boolean;
  readonly here: boolean;
  readonly minutes: number;
  readonly kernel: KernelSeries;
  readonly names: readonly ScenarioName[];
}

/** @throws TypeError or RangeError for words that it does not know */
export function parseArguments(argv: readonly string[]): BenchArguments {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      quick: { type: 'boolean', default: false },
      here: { type: 'boolean', default: false },
      only: { type: 'string', multiple: true, default: [] },
      soak: { type: 'string' },
      kernel: { type: 'string', default: kernelSeries[0] },
    },
  });
  const only = values.only.map((name) => {
    const known = SCENARIO_NAMES.find((one) => one === name);
    if (known === undefined) throw new RangeError(`--only ${name}: one of ${SCENARIO_NAMES.join(', ')}`);
    return known;
  });
  const kernel = kernelSeries.find((series) => series === values.kernel);
  if (kernel === undefined) throw new RangeError(`--kernel ${values.kernel}: one of ${kernelSeries.join(', ')}`);
  const minutes = Number(values.soak ?? 1);
  if (!(minutes > 0)) throw new RangeError(`--soak ${values.soak}: a number of minutes`);
  const all = SCENARIO_NAMES.filter((name) => name !== 'soak' || values.soak !== undefined);
  return {
    quick: values.quick,
    here: values.here,
    minutes,
    kernel,
    names: only.length > 0 ? only : all,
  };
}
