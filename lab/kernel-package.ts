export const kernelSeries = ['6.1', '6.12'] as const;
export type KernelSeries = (typeof kernelSeries)[number];

// The series' plain amd64 kernel: no cloud flavour (it has no 9p), no rt.
const patterns: Record<KernelSeries, RegExp> = {
  '6.1': /^linux-image-6\.1\.0-(\d+)-amd64$/,
  '6.12': /^linux-image-6\.12\.(\d+)\+deb12-amd64$/,
};

/** The newest kernel package of a series among the names of `apt-cache pkgnames`. */
export function newestKernelPackage(names: string, series: KernelSeries): string | undefined {
  const age = (name: string) => Number(patterns[series].exec(name)?.[1] ?? -1);
  return names
    .split('\n')
    .filter((name) => age(name) >= 0)
    .sort((one, other) => age(other) - age(one))[0];
}
