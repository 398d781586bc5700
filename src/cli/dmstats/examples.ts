import type { CommandName } from './option-table.ts';

/** A command line that can be used as it is, and what it is for. */
export interface Example {
  readonly line: string;
  readonly what: string;
}

/** Examples of each subcommand, for its help and the manual. */
export const EXAMPLES: Readonly<Record<CommandName, readonly Example[]>> = {
  create: [
    { line: 'dmstats create vg-images', what: 'count all I/O of a device in one region' },
    {
      line: 'dmstats create --areas 64 --precise --bounds 100us,1ms,10ms vg-images',
      what: 'in 64 areas, in nanoseconds, with a histogram of latencies',
    },
    { line: 'dmstats create --segments --alias data vg-images', what: "a region for each part of the device's table" },
    { line: 'dmstats create --filemap /srv/images/vm.img', what: 'count the I/O of a file, and follow it' },
  ],
  delete: [
    { line: 'dmstats delete --regionid 0 vg-images', what: 'delete one region' },
    { line: 'dmstats delete --groupid 1 vg-images', what: 'delete a group and its regions' },
    { line: 'dmstats delete --allregions --alldevices', what: 'delete all regions of dmstats' },
  ],
  clear: [
    { line: 'dmstats clear --regionid 0 vg-images', what: 'set the counters of one region to zero' },
    { line: 'dmstats clear --allregions', what: 'those of all regions of dmstats' },
  ],
  print: [
    { line: 'dmstats print --regionid 0 vg-images', what: "the kernel's own words" },
    { line: 'dmstats print --allregions --json', what: 'all counters for programs' },
  ],
  list: [
    { line: 'dmstats list', what: 'regions and groups of all devices' },
    { line: 'dmstats list -v --allprograms vg-images', what: "a device's areas too, of all programs" },
    { line: 'dmstats list --histogram', what: 'with the bounds of histograms' },
    { line: "dmstats list -S 'region_len>1g' -O -region_len", what: 'only large ones, the largest first' },
  ],
  report: [
    { line: 'dmstats report', what: 'everything since the counters were last cleared' },
    { line: 'dmstats report --interval 1 --group', what: 'files, each second' },
    { line: "dmstats report --interval 5 -S 'util>50 || await>20' -O -util", what: 'only what is busy or slow' },
    { line: 'dmstats report --histogram --relative vg-images', what: 'latencies in percent' },
    {
      line: 'dmstats report --interval 0.5 --count 10 --json-lines -o stats_name,reads_per_sec,p99',
      what: 'ten half seconds for a program',
    },
  ],
  watch: [
    { line: 'dmstats watch', what: 'all devices, each second, the busiest first' },
    { line: 'dmstats top --sort wait vg-images', what: 'one device, the slowest first' },
    { line: 'dmstats watch --simulate', what: 'a first look, without root' },
  ],
  metrics: [
    { line: 'dmstats metrics', what: 'all counters on standard output' },
    {
      line: 'dmstats metrics --output /var/lib/prometheus/node-exporter/dm.prom',
      what: "for node_exporter's textfile collector",
    },
  ],
  serve: [
    { line: 'dmstats serve', what: 'on http://127.0.0.1:9860/' },
    { line: 'dmstats serve --simulate --listen 127.0.0.1:0', what: 'simulated devices, on any free port' },
  ],
  group: [{ line: 'dmstats group --regions 0,2-3 --alias hot vg-images', what: 'report three regions as one' }],
  ungroup: [{ line: 'dmstats ungroup --groupid 0 vg-images', what: 'report them one by one again' }],
  update_filemap: [
    {
      line: 'dmstats update_filemap --groupid 0 --nomonitor /srv/images/vm.img',
      what: 'once, when no dmfilemapd follows the file',
    },
    {
      line: 'dmstats update_filemap --groupid 0 --precise --bounds 100us,1ms /srv/images/vm.img',
      what: 'with other bounds from now on; all but the old histogram is kept',
    },
  ],
  completion: [
    { line: 'dmstats completion zsh', what: 'to a file _dmstats in a folder of fpath' },
    { line: 'dmstats completion fish', what: 'to ~/.config/fish/completions/dmstats.fish' },
  ],
  version: [{ line: 'dmstats version', what: 'of this package and of the kernel' }],
  help: [
    { line: 'dmstats help report', what: 'the options and fields of report' },
    { line: 'dmstats help --columns', what: 'all fields' },
  ],
};

/** Examples as text: what it is for, then the line. */
export function exampleText(examples: readonly Example[]): string {
  return examples.map(({ line, what }) => `  # ${what}\n  ${line}\n`).join('');
}
