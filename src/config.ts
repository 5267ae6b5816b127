import { availableParallelism } from 'node:os';
import { z } from 'zod';

/** Settings (api.md §7): environment variables, validated at start; a contradiction refuses to start and names both sides. */

const MIB = 2 ** 20;

/** Back ends that `BACKENDS` may name, in the order in which they are listed. */
export const BACKEND_NAMES = ['native', 'gpu', 'webgpu', 'reference'] as const;

const whole = z.coerce.number().int();
const bytes = whole.min(1);
const seconds = z.coerce.number().positive();
const parts = (text: string): string[] => text.split(',').map((part) => part.trim());
/** What is set has to hold a token: a stray comma must not turn authentication off. */
const tokens = z
  .string()
  .transform((text) => parts(text).filter((part) => part !== ''))
  .pipe(
    z
      .array(z.string().regex(/^[\x21-\x7e]+$/, 'a token is printable ASCII without spaces'))
      .min(1, 'no token is in it; to go without, say off'),
  )
  .transform((given) => (given.join() === 'off' ? [] : given));
const backends = z
  .string()
  .transform((text) => (text === 'all' ? [...BACKEND_NAMES] : [...new Set(parts(text))]))
  .pipe(z.array(z.enum(BACKEND_NAMES)).min(1));
const unset = z.literal(['', 'off'], { error: 'this version does not have the feature; leave it unset' }).optional();

const Environment = z.object({
  HOST: z.string().min(1).default('127.0.0.1'),
  PORT: whole.min(0).max(65535).default(8080),
  LOG_LEVEL: z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']).default('info'),
  WORKER_THREADS: whole.min(1).max(1024).default(availableParallelism()),
  BACKENDS: backends.default([...BACKEND_NAMES]),
  GPU_MODE: z.enum(['auto', 'headlessgl', 'webasm', 'cpu']).default('auto'),
  WEBGPU_MODE: z.enum(['auto', 'vulkan', 'opengles']).default('auto'),
  DEVICE_TIMEOUT_MS: whole
    .min(1)
    .max(2 ** 31 - 1)
    .default(10_000),
  DEVICE_INFLIGHT_BYTES: bytes.default(256 * MIB),
  NATIVE_ISA: z.enum(['avx512', 'avx2', 'baseline', 'neon']).optional(),
  MAX_BODY_BYTES: bytes.default(64 * MIB),
  MAX_JSON_BYTES: bytes.default(16 * MIB),
  MAX_INFLIGHT_BYTES: bytes.default(1024 * MIB),
  MAX_QUEUE_SECONDS: seconds.default(30),
  MAX_SYNC_SECONDS: seconds.default(30),
  MAX_JOB_SECONDS: seconds.default(86_400),
  REQUEST_TIMEOUT_MS: whole
    .min(1)
    .max(2 ** 31 - 1)
    .default(60_000),
  DRAIN_MS: whole.min(0).default(5_000),
  AUTH_TOKENS: tokens.default([]),
  RATE_LIMIT: unset,
  CORS_ORIGINS: unset,
  DATA_DIR: unset,
  DATABASE_URL: unset,
  OTEL_EXPORTER_OTLP_ENDPOINT: unset,
});

export type Config = Readonly<z.infer<typeof Environment>>;

/** Never shown, not even when they are wrong. */
const SECRETS = ['AUTH_TOKENS', 'DATABASE_URL'];

/** Reads the settings; an empty one is not set. @throws Error that names every setting at fault */
export function readConfig(environment: Readonly<Record<string, string | undefined>>): Config {
  const given = Object.entries(environment).filter(([, value]) => value !== undefined && value.trim() !== '');
  const parsed = Environment.safeParse(Object.fromEntries(given));
  if (!parsed.success) {
    const faults = parsed.error.issues.map(({ path: [name = ''], message }) => {
      const shown = SECRETS.includes(String(name)) ? '' : `; got '${environment[String(name)]}'`;
      return `${String(name)}: ${message}${shown}`;
    });
    throw new Error(`Unusable settings:\n  ${[...new Set(faults)].join('\n  ')}`);
  }
  const config = parsed.data;
  const contradictions: [boolean, string][] = [
    [
      !config.BACKENDS.some((name) => name === 'native' || name === 'reference'),
      `BACKENDS (${config.BACKENDS.join(',')}) names devices alone: native or reference has to join what they leave, and to stand in for them`,
    ],
    [
      config.MAX_JSON_BYTES > config.MAX_BODY_BYTES,
      `MAX_JSON_BYTES (${config.MAX_JSON_BYTES}) exceeds MAX_BODY_BYTES (${config.MAX_BODY_BYTES})`,
    ],
    [
      config.MAX_BODY_BYTES > config.MAX_INFLIGHT_BYTES,
      `MAX_BODY_BYTES (${config.MAX_BODY_BYTES}) exceeds MAX_INFLIGHT_BYTES (${config.MAX_INFLIGHT_BYTES}): the largest body could never be admitted`,
    ],
    [
      config.MAX_SYNC_SECONDS > config.MAX_JOB_SECONDS,
      `MAX_SYNC_SECONDS (${config.MAX_SYNC_SECONDS}) exceeds MAX_JOB_SECONDS (${config.MAX_JOB_SECONDS})`,
    ],
    [
      config.MAX_SYNC_SECONDS * 1e3 > config.REQUEST_TIMEOUT_MS,
      `MAX_SYNC_SECONDS (${config.MAX_SYNC_SECONDS}) exceeds REQUEST_TIMEOUT_MS (${config.REQUEST_TIMEOUT_MS}): admitted work could never finish`,
    ],
  ];
  const found = contradictions.filter(([is]) => is).map(([, text]) => text);
  if (found.length > 0) throw new Error(`Settings that contradict each other:\n  ${found.join('\n  ')}`);
  return Object.freeze(config);
}
