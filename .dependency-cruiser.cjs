// The rooms, top to bottom: a room imports only from itself and from rooms below it.
const rooms = [
  'cli',
  'watch',
  'dashboard',
  'report',
  'filemapd',
  'filemap',
  'stats',
  'dirtylog',
  'devices',
  'simulator',
  'targets',
  'mapper',
  'system',
  'kernel',
];

const upward = rooms.slice(1).map((room, index) => ({
  name: `${room}-imports-from-no-room-above`,
  severity: 'error',
  from: { path: `^src/${room}/` },
  to: {
    path: `^src/(${rooms.slice(0, index + 1).join('|')})/`,
    // The seams are interfaces that stand where they are used; the simulator implements them.
    ...(room === 'simulator' ? { dependencyTypesNot: ['type-only'] } : {}),
  },
}));

module.exports = {
  forbidden: [
    ...upward,
    {
      name: 'the-simulator-is-for-tests',
      comment: 'Only tests, devicemapper/testing and --simulate use it.',
      severity: 'error',
      from: { path: '^src/(?!simulator/|cli/)' },
      to: { path: '^src/simulator/' },
    },
    {
      name: 'one-room-loads-the-ffi-library',
      severity: 'error',
      from: { pathNot: '^src/system/' },
      to: { path: 'koffi' },
    },
    {
      name: 'no-cycles',
      severity: 'error',
      from: { path: '^src' },
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only', 'dynamic-import'] } },
    },
    {
      name: 'src-is-self-contained',
      severity: 'error',
      from: { path: '^src' },
      to: { path: '^(test|lab|bench|examples|scripts)/' },
    },
  ],
  options: {
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^dist' },
  },
};
