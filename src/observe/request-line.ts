import { ascii, ByteSink, rounded } from '../bytes/byte-sink.ts';
import { SERVICE_FIELDS } from './log.ts';

/** What a run adds to the line of its request. */
export interface RunFields {
  /** Frozen and shared by all runs of a plan, so that it is written once: class, algorithm, backend, flops, rows. */
  readonly plan: Readonly<Record<string, unknown>>;
  readonly decodeMs: number;
  readonly planMs: number;
  readonly queueMs: number;
  readonly computeMs: number;
}

/** What the one line of a request says. */
export interface RequestEntry {
  readonly reqId: string;
  readonly method: string;
  readonly route: string;
  readonly status: number;
  readonly ms: number;
  readonly run: RunFields | undefined;
  /** Of the error that it was answered with. */
  readonly code: string | undefined;
}

const ENCODER = new TextEncoder();
const INFO = 30;
const HEAD = ascii(`{"level":${INFO},"time":`);
const SERVICE = ascii(`${membersOf(SERVICE_FIELDS)},"reqId":"`);
const METHOD = ascii('","method":"');
const STATUS = ascii(',"status":');
const MS = ascii(',"ms":');
const MESSAGE = ascii(',"msg":"');
const END = ascii('"}\n');
const DECODE = ascii(',"decodeMs":');
const PLAN = ascii(',"planMs":');
const QUEUE = ascii(',"queueMs":');
const COMPUTE = ascii(',"computeMs":');
/** Of what is told again and again: plans, and routes, of which there are no more than the service has. */
const plans = new WeakMap<object, Uint8Array>();
const routes = new Map<string, Uint8Array>();

/**
 * Writes the line that pino would, at level info: a tenth of a small request's time goes into its line, most of it for what pino has to ask of every
 * member. Errors go through pino (request-log.ts).
 * @param timeMs since the epoch
 */
export function writeRequestLine(sink: ByteSink, entry: RequestEntry, message: string, timeMs: number): void {
  const { reqId, method, route, status, ms, run, code } = entry;
  sink.literal(HEAD);
  sink.text(String(timeMs));
  sink.literal(SERVICE);
  // Printable (request-id.ts), and hardly ever with what JSON escapes.
  if (!sink.plain(reqId)) sink.utf8(JSON.stringify(reqId).slice(1, -1));
  sink.literal(METHOD);
  sink.text(method);
  sink.literal(routeMember(route));
  sink.literal(STATUS);
  sink.integer(status);
  sink.literal(MS);
  sink.milliseconds(ms);
  if (run !== undefined) writeRun(sink, run);
  if (code !== undefined) sink.text(`,"code":"${code}"`);
  sink.literal(MESSAGE);
  sink.text(message);
  sink.literal(END);
}

/** The same as text. */
export function requestLine(entry: RequestEntry, message: string, timeMs: number): string {
  const sink = new ByteSink();
  writeRequestLine(sink, entry, message, timeMs);
  return sink.join().toString();
}

/** The same as an object, for who has more to say. */
export function requestMembers({ run, ...entry }: RequestEntry): Record<string, unknown> {
  const { plan, ...spent } = run ?? {};
  const times = Object.entries(spent).map(([name, ms]) => [name, rounded(ms)]);
  return { ...entry, ms: rounded(entry.ms), ...plan, ...Object.fromEntries(times) };
}

function writeRun(sink: ByteSink, { plan, decodeMs, planMs, queueMs, computeMs }: RunFields): void {
  sink.literal(planMembers(plan));
  sink.literal(DECODE);
  sink.milliseconds(decodeMs);
  sink.literal(PLAN);
  sink.milliseconds(planMs);
  sink.literal(QUEUE);
  sink.milliseconds(queueMs);
  sink.literal(COMPUTE);
  sink.milliseconds(computeMs);
}

function planMembers(plan: RunFields['plan']): Uint8Array {
  const known = plans.get(plan);
  if (known !== undefined) return known;
  const members = ENCODER.encode(membersOf(plan));
  plans.set(plan, members);
  return members;
}

function routeMember(route: string): Uint8Array {
  const known = routes.get(route);
  if (known !== undefined) return known;
  const member = ENCODER.encode(`","route":${JSON.stringify(route)}`);
  routes.set(route, member);
  return member;
}

function membersOf(fields: object): string {
  return `,${JSON.stringify(fields).slice(1, -1)}`;
}
