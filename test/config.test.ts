import { availableParallelism } from 'node:os';
import { describe, expect, it } from 'vitest';
import { readConfig } from '../src/config.ts';

/** Settings: the defaults of api.md §7, and everything that refuses to start. */

const MIB = 2 ** 20;

function complaint(environment: Record<string, string>): string {
  try {
    readConfig(environment);
  } catch (error) {
    return (error as Error).message;
  }
  return '';
}

describe('the defaults', () => {
  it('are those of the contract', () => {
    expect(readConfig({})).toEqual({
      HOST: '127.0.0.1',
      PORT: 8080,
      LOG_LEVEL: 'info',
      WORKER_THREADS: availableParallelism(),
      BACKENDS: ['native', 'gpu', 'webgpu', 'reference'],
      DEVICE_TIMEOUT_MS: 10_000,
      DEVICE_INFLIGHT_BYTES: 268435456,
      GPU_MODE: 'auto',
      WEBGPU_MODE: 'auto',
      MAX_BODY_BYTES: 64 * MIB,
      MAX_JSON_BYTES: 16 * MIB,
      MAX_INFLIGHT_BYTES: 1024 * MIB,
      MAX_QUEUE_SECONDS: 30,
      MAX_SYNC_SECONDS: 30,
      MAX_JOB_SECONDS: 86_400,
      REQUEST_TIMEOUT_MS: 60_000,
      DRAIN_MS: 5_000,
      AUTH_TOKENS: [],
    });
  });

  it("hold where a setting is empty, and where others are nobody's", () => {
    const names = ['PORT', 'MAX_BODY_BYTES', 'BACKENDS', 'LOG_LEVEL', 'AUTH_TOKENS', 'DATA_DIR', 'NATIVE_ISA', 'HOST', 'DRAIN_MS'];
    for (const empty of ['', '  '])
      expect(readConfig(Object.fromEntries(names.map((name) => [name, empty])))).toEqual(readConfig({}));
    expect(readConfig({ PATH: '/bin', npm_config_port: '1', port: '2' })).toEqual(readConfig({}));
  });

  it('cannot be changed later', () => {
    expect(Object.isFrozen(readConfig({}))).toBe(true);
  });
});

describe('settings that are taken', () => {
  it.each([
    [{ PORT: '0' }, { PORT: 0 }],
    [
      { PORT: '65535', HOST: '0.0.0.0' },
      { PORT: 65_535, HOST: '0.0.0.0' },
    ],
    [
      { WORKER_THREADS: '3', LOG_LEVEL: 'silent' },
      { WORKER_THREADS: 3, LOG_LEVEL: 'silent' },
    ],
    [{ BACKENDS: 'all' }, { BACKENDS: ['native', 'gpu', 'webgpu', 'reference'] }],
    [{ BACKENDS: 'reference' }, { BACKENDS: ['reference'] }],
    [{ BACKENDS: ' native , reference,native' }, { BACKENDS: ['native', 'reference'] }],
    [
      { MAX_SYNC_SECONDS: '0.5', MAX_QUEUE_SECONDS: '1.5' },
      { MAX_SYNC_SECONDS: 0.5, MAX_QUEUE_SECONDS: 1.5 },
    ],
    [{ AUTH_TOKENS: 'one, two,' }, { AUTH_TOKENS: ['one', 'two'] }],
    [{ AUTH_TOKENS: 'off' }, { AUTH_TOKENS: [] }],
    [{ DRAIN_MS: '0' }, { DRAIN_MS: 0 }],
    [{ RATE_LIMIT: 'off', CORS_ORIGINS: 'off' }, {}],
  ] as [Record<string, string>, object][])('%j', (environment, expected) => {
    expect(readConfig(environment)).toMatchObject(expected);
  });
});

describe('settings that are refused, by name and with what was given', () => {
  it.each([
    ['PORT', '65536'],
    ['PORT', '-1'],
    ['PORT', '80.5'],
    ['PORT', 'http'],
    ['LOG_LEVEL', 'loud'],
    ['LOG_LEVEL', 'INFO'],
    ['WORKER_THREADS', '0'],
    ['WORKER_THREADS', '1e9'],
    ['WORKER_THREADS', 'all'],
    ['BACKENDS', 'abacus'],
    ['BACKENDS', 'native,'],
    ['BACKENDS', ','],
    ['NATIVE_ISA', 'sse9'],
    ['MAX_BODY_BYTES', '0'],
    ['MAX_BODY_BYTES', '64MiB'],
    ['MAX_JSON_BYTES', '1.5'],
    ['MAX_INFLIGHT_BYTES', 'Infinity'],
    ['MAX_INFLIGHT_BYTES', 'NaN'],
    ['MAX_QUEUE_SECONDS', '0'],
    ['MAX_SYNC_SECONDS', '-1'],
    ['MAX_JOB_SECONDS', 'soon'],
    ['REQUEST_TIMEOUT_MS', '0'],
    ['REQUEST_TIMEOUT_MS', '2147483648'],
    ['DRAIN_MS', '-1'],
  ])('%s=%s', (name, value) => {
    expect(complaint({ [name]: value })).toMatch(new RegExp(`^Unusable settings:\n {2}${name}: .*'${value}'`));
  });

  it.each(['RATE_LIMIT', 'CORS_ORIGINS', 'DATABASE_URL', 'OTEL_EXPORTER_OTLP_ENDPOINT'])(
    '%s, a feature that is not there',
    (name) => {
      expect(complaint({ [name]: 'http://somewhere' })).toMatch(new RegExp(`${name}: this version does not have the feature`));
    },
  );

  it('all at once', () => {
    expect(complaint({ PORT: 'x', LOG_LEVEL: 'y', DRAIN_MS: 'z' }).split('\n')).toHaveLength(4);
  });

  it.each([',', ' , ', 'with space', 'naïve'])(
    'AUTH_TOKENS=%s, which would let in everybody or nobody, and without repeating it',
    (tokens) => {
      const text = complaint({ AUTH_TOKENS: `${tokens}` });
      expect(text).toMatch(/AUTH_TOKENS: (no token|a token is)/);
      expect(text).not.toContain("got '");
    },
  );
});

describe('settings that contradict each other', () => {
  it.each([
    [{ MAX_JSON_BYTES: '101', MAX_BODY_BYTES: '100', MAX_INFLIGHT_BYTES: '100' }, 'MAX_JSON_BYTES (101)', 'MAX_BODY_BYTES (100)'],
    [{ MAX_BODY_BYTES: `${2048 * MIB}` }, `MAX_BODY_BYTES (${2048 * MIB})`, `MAX_INFLIGHT_BYTES (${1024 * MIB})`],
    [{ MAX_BODY_BYTES: '1000' }, `MAX_JSON_BYTES (${16 * MIB})`, 'MAX_BODY_BYTES (1000)'],
    [{ MAX_SYNC_SECONDS: '10', MAX_JOB_SECONDS: '5' }, 'MAX_SYNC_SECONDS (10)', 'MAX_JOB_SECONDS (5)'],
    [{ MAX_SYNC_SECONDS: '61' }, 'MAX_SYNC_SECONDS (61)', 'REQUEST_TIMEOUT_MS (60000)'],
    [{ REQUEST_TIMEOUT_MS: '29999' }, 'MAX_SYNC_SECONDS (30)', 'REQUEST_TIMEOUT_MS (29999)'],
  ] as [Record<string, string>, string, string][])('%j names both', (environment, one, other) => {
    const text = complaint(environment);
    expect(text).toMatch(/^Settings that contradict each other:/);
    expect(text).toContain(one);
    expect(text).toContain(other);
  });

  it.each([
    { MAX_JSON_BYTES: '100', MAX_BODY_BYTES: '100', MAX_INFLIGHT_BYTES: '100' },
    { MAX_SYNC_SECONDS: '60', REQUEST_TIMEOUT_MS: '60000' },
    { MAX_SYNC_SECONDS: '5', MAX_JOB_SECONDS: '5' },
  ])('%j, just not', (environment) => {
    expect(complaint(environment as Record<string, string>)).toBe('');
  });

  it('are all named', () => {
    const text = complaint({
      MAX_JSON_BYTES: '200',
      MAX_BODY_BYTES: '150',
      MAX_INFLIGHT_BYTES: '100',
      MAX_SYNC_SECONDS: '70',
      MAX_JOB_SECONDS: '60',
    });
    expect(text.split('\n')).toHaveLength(5);
  });
});
