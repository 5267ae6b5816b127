import type { ServerResponse } from 'node:http';
import Fastify, { type FastifyInstance, LogController } from 'fastify';
import { destination } from 'pino';
import { type DeviceName, isDevice } from '../kernels/backend.ts';
import { documentOptions } from '../openapi/document.ts';
import { downgrade } from '../openapi/downgrade.ts';
import { registerRoutes } from '../routes/index.ts';
import type { Config } from './config.ts';
import { loggerOptions } from './observe/log.ts';
import { auth } from './plugins/auth.ts';
import { bodies } from './plugins/bodies.ts';
import { docs } from './plugins/docs.ts';
import { drain } from './plugins/drain.ts';
import { notFound } from './plugins/not-found.ts';
import { answerBadHttp, frameworkProblem, problem } from './plugins/problem.ts';
import { requestId } from './plugins/request-id.ts';
import { requestLog } from './plugins/request-log.ts';
import { RequestLogger } from './plugins/request-logger.ts';
import { WholeResponse } from './plugins/whole-response.ts';
import { type Engine, startEngine } from './schedule/engine.ts';
import { dropIdle, isLeased, keepAtMost } from './tensor/lease.ts';
import { collectShared } from './tensor/shared-memory.ts';
import { loadNumberReader } from './wire/number-reader.ts';
import { WirePool } from './wire/pool.ts';
import { receiveBody } from './wire/receive.ts';
import { isSmallBody, receiveSmallBody } from './wire/receive-small.ts';

/** Threads that read and write large bodies; one keeps up with a network of some 10 Gbit/s. */
const WIRE_THREADS = 2;
/** Large bodies that may wait for one of them. */
const MAX_WAITING_BODIES = 512;

/** Reads numbers of JSON bodies, where the native back end is wanted. */
const NUMBERS = new URL('../kernels/native/numbers.ts', import.meta.url).href;

/** What is smaller is given back by the way. */
const COLLECTED_BODY_BYTES = 1 << 24;

/** Memory that is kept for requests to come goes back to the system when none came for this long, or twice that. */
const IDLE_MS = 10_000;
/** At most this part of what requests may take is kept. */
const KEPT_SHARE = 1 / 4;

/** What tests replace. */
export interface Dependencies {
  readonly engine?: Engine;
  readonly workerUrl?: URL;
  readonly deviceModules?: Partial<Record<DeviceName, URL>>;
  readonly logStream?: { write(line: string): void };
}

/** The only composition root: engine, plugins, routes. Closing the app closes the engine. */
export async function buildApp(config: Config, dependencies: Dependencies = {}): Promise<FastifyInstance & { engine: Engine }> {
  const engine = dependencies.engine ?? (await startEngine(engineOptions(config, dependencies)));
  const log = dependencies.logStream ?? destination(1);
  const app = Fastify({
    logger: { ...loggerOptions(config.LOG_LEVEL), stream: log },
    logController: new LogController({ disableRequestLogging: true }),
    frameworkErrors: (error, request, reply) => frameworkProblem(error, request, reply),
    bodyLimit: config.MAX_BODY_BYTES,
    requestIdHeader: false,
    genReqId: requestId,
    clientErrorHandler: answerBadHttp,
    // The drain plugin answers those.
    return503OnClosing: false,
    forceCloseConnections: 'idle',
    requestTimeout: Math.max(60_000, config.REQUEST_TIMEOUT_MS),
    connectionTimeout: 0,
    keepAliveTimeout: 72_000,
    routerOptions: { maxParamLength: 200 },
    exposeHeadRoutes: true,
    http: { headersTimeout: 15_000, ServerResponse: WholeResponse as typeof ServerResponse },
    childLoggerFactory: (logger, bindings) => new RequestLogger(logger, bindings),
  });
  app.decorate('engine', engine);
  engine.devices.watch((device, { state, restarts, reason }) => {
    const level = state === 'restarting' || state === 'unavailable' ? 'warn' : 'info';
    app.log[level]({ device, state, restarts, reason }, 'device');
  });
  app.addHook('onClose', () => engine.close());
  await app.register(requestLog, { sink: log });
  await app.register(problem, { maxBodyBytes: config.MAX_BODY_BYTES });
  await app.register(notFound);
  await app.register(drain);
  await app.register(auth, { tokens: config.AUTH_TOKENS });
  const limits = { maxBodyBytes: config.MAX_BODY_BYTES, maxJsonBytes: config.MAX_JSON_BYTES, maxElements: config.MAX_BODY_BYTES };
  const numbers = config.BACKENDS.includes('native') ? NUMBERS : null;
  await loadNumberReader(numbers);
  const threads = Math.min(WIRE_THREADS, config.WORKER_THREADS);
  const wire = new WirePool({ limits, threads, maxWaiting: MAX_WAITING_BODIES, numbers });
  app.addHook('onClose', () => wire.close());
  const collect = (): unknown => setImmediate(() => collectAll(engine, wire));
  keepAtMost(config.MAX_INFLIGHT_BYTES * KEPT_SHARE);
  const idle = setInterval(() => {
    if (engine.load().inflightBytes === 0 && wire.load === 0 && dropIdle()) collect();
  }, IDLE_MS).unref();
  app.addHook('onClose', async () => clearInterval(idle));
  await app.register(bodies, {
    receive: receiveBody,
    small: { isSmall: isSmallBody, receive: receiveSmallBody },
    maxBodyBytes: config.MAX_BODY_BYTES,
    maxHeldBytes: config.MAX_INFLIGHT_BYTES,
    released: (bytes, body) => {
      const isUsedAgain = body instanceof Uint8Array && isLeased(body.buffer);
      if (bytes > COLLECTED_BODY_BYTES && !isUsedAgain) collect();
    },
  });
  await app.register(docs, { document: documentOptions(), downgrade });
  await app.register(async (scope) => registerRoutes(scope, { engine, config, limits, wire, collect }));
  return app as unknown as FastifyInstance & { engine: Engine };
}

/** Every thread that has seen a large body holds its memory until it collects. */
function collectAll(engine: Engine, wire: WirePool): void {
  collectShared();
  engine.collect();
  wire.collect();
}

function engineOptions(config: Config, { workerUrl, deviceModules }: Dependencies): Parameters<typeof startEngine>[0] {
  return {
    threads: config.WORKER_THREADS,
    backends: config.BACKENDS.filter((name) => !isDevice(name)),
    devices: config.BACKENDS.filter(isDevice),
    gpuMode: config.GPU_MODE,
    webgpuMode: config.WEBGPU_MODE,
    deviceTimeoutMs: config.DEVICE_TIMEOUT_MS,
    deviceInflightBytes: config.DEVICE_INFLIGHT_BYTES,
    nativeIsa: config.NATIVE_ISA ?? null,
    maxInflightBytes: config.MAX_INFLIGHT_BYTES,
    maxQueueSeconds: config.MAX_QUEUE_SECONDS,
    maxSyncSeconds: config.MAX_SYNC_SECONDS,
    maxResultBytes: config.MAX_BODY_BYTES,
    ...(workerUrl && { workerUrl }),
    ...(deviceModules && { deviceModules }),
  };
}
