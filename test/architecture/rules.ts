/**
 * architecture.md's "Who may import whom" and its caps, as data. A change here is a change of the architecture: make it there first.
 *
 * A name in `may` is a layer (its whole folder) or a single file. A layer may always import itself.
 */

export interface Layer {
  readonly name: string;
  /** The path of a file, or of a folder with its slash. The longest that fits a file decides its layer. */
  readonly path: string;
  readonly may: readonly string[];
  /** Layers of which only types may be imported, with `import type`. */
  readonly mayType?: readonly string[];
  /** Layers whose files may be started as a thread, and not imported. */
  readonly mayStart?: readonly string[];
}

const EVERYTHING = ['everything'] as const;

export const LAYERS = [
  { name: 'approximate steps', path: 'kernels/approximate.ts', may: [] },
  { name: 'backend', path: 'kernels/backend.ts', may: ['approximate steps'] },
  { name: 'kernels', path: 'kernels/', may: ['backend'] },

  { name: 'errors', path: 'src/errors.ts', may: [] },
  { name: 'config', path: 'src/config.ts', may: ['errors'] },
  // What everything that is sent is written with.
  { name: 'bytes', path: 'src/bytes/', may: [] },
  { name: 'tensor', path: 'src/tensor/', may: ['errors'] },
  { name: 'polynomial', path: 'src/polynomial/', may: ['errors'] },
  { name: 'contract', path: 'src/contract/', may: ['tensor', 'polynomial', 'errors'] },
  { name: 'wire', path: 'src/wire/', may: ['bytes', 'tensor', 'contract', 'errors'] },
  // `errors` is in every layer's reach: fail() is the only way to refuse (style.md).
  { name: 'plan', path: 'src/plan/', may: ['contract', 'polynomial', 'tensor', 'errors', 'backend'] },
  { name: 'observe', path: 'src/observe/', may: ['bytes', 'errors'] },
  // Engine.run takes an AttentionRequest, so the type of one is known here; how it is made is not.
  {
    name: 'schedule',
    path: 'src/schedule/',
    may: ['plan', 'tensor', 'errors', 'observe', 'backend'],
    mayType: ['contract'],
    mayStart: ['worker'],
  },
  {
    name: 'worker',
    path: 'src/schedule/worker.ts',
    may: ['schedule', 'plan', 'tensor', 'errors', 'observe', 'backend', 'kernels'],
  },
  // A device's own process, which is its worker.
  {
    name: 'worker',
    path: 'src/schedule/device/host.ts',
    may: ['schedule', 'plan', 'tensor', 'errors', 'observe', 'backend', 'kernels'],
  },
  { name: 'jobs', path: 'src/jobs/', may: ['schedule', 'plan', 'contract', 'wire', 'tensor', 'errors', 'observe'] },
  { name: 'plugins', path: 'src/plugins/', may: ['bytes', 'errors', 'observe', 'config'] },
  {
    name: 'routes',
    path: 'routes/',
    may: [
      'bytes',
      'errors',
      'config',
      'tensor',
      'polynomial',
      'contract',
      'wire',
      'plan',
      'observe',
      'schedule',
      'jobs',
      'plugins',
    ],
  },
  { name: 'app', path: 'src/app.ts', may: EVERYTHING },
  { name: 'main', path: 'src/main.ts', may: ['app', 'config', 'errors', 'observe', 'self-test', 'greeting'] },
  // What the process does before it says that it is ready, and what it then says.
  { name: 'self-test', path: 'src/self-test.ts', may: ['contract', 'tensor', 'errors'], mayType: ['schedule', 'plan'] },
  { name: 'greeting', path: 'src/greeting.ts', may: ['errors'], mayType: ['plan', 'self-test'] },
  { name: 'healthcheck', path: 'src/healthcheck.ts', may: [] },
  // The document lists every problem, so it reads the table of errors.
  { name: 'openapi', path: 'openapi/', may: ['contract', 'app', 'routes', 'config', 'errors'] },
] as const satisfies readonly Layer[];

/** Packages a layer may import besides Node's own modules; a layer that is not named here may import any. */
export const PACKAGES: Readonly<Record<string, readonly string[]>> = {
  backend: [],
  kernels: ['gpu.js', 'gl', 'webgpu'],
  polynomial: [],
  tensor: [],
  plan: [],
};

/** Who may touch `process`: the process's own file, the probe of the image, a command-line tool, and a device's own process with its watch. */
export const PROCESS_FILES = [
  'src/main.ts',
  'src/healthcheck.ts',
  'openapi/build.ts',
  'src/schedule/device/host.ts',
  'src/schedule/device/watch.ts',
] as const;
/** Who may name `process.env`, as the default of a parameter only: the settings, and what drivers read from theirs. */
export const ENVIRONMENT_FILES = ['src/config.ts', 'src/schedule/device/process.ts'] as const;
/** Who may import a module whose name is computed: kernels and who reads numbers are chosen at run time, and a thread's pool says what it runs. */
export const COMPUTED_IMPORT_FILES = [
  'src/schedule/kernels.ts',
  'src/schedule/device/host.ts',
  'src/schedule/thread-main.ts',
  'src/wire/number-reader.ts',
] as const;
/** A tool that insists on a default export. */
export const DEFAULT_EXPORT_FILES = ['vitest.config.ts'] as const;

export const LINE_CAPS = [
  { extensions: ['.ts', '.js', '.mjs', '.py', '.sh'], lines: 300 },
  { extensions: ['.cc', '.cpp', '.h', '.hpp', '.inc'], lines: 400 },
] as const;
/** Made by a generator, so nobody reads them as source. */
export const GENERATED = [
  'clients/python/polyattention/_generated/',
  'clients/typescript/dist/',
  'clients/typescript/src/openapi.ts',
  'clients/typescript/package-lock.json',
  'openapi/openapi',
] as const;

/** Put together from parts, so that this file passes its own test. */
export const REGISTRY_HOSTS = [
  ['registry', 'npmjs', 'org'],
  ['registry', 'yarnpkg', 'com'],
  ['pypi', 'org'],
  ['files', 'pythonhosted', 'org'],
  ['crates', 'io'],
  ['proxy', 'golang', 'org'],
  ['repo', 'maven', 'apache', 'org'],
  ['repo1', 'maven', 'org'],
  ['deb', 'debian', 'org'],
  ['security', 'debian', 'org'],
].map((parts) => parts.join('.'));
