import { SERVICE_FIELDS } from './log.ts';
import { milliseconds, rounded } from './timing.ts';

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

const INFO = 30;
const SERVICE = membersOf(SERVICE_FIELDS);
const texts = new WeakMap<object, string>();
/** Routes as JSON; there are no more than the service has. */
const routes = new Map<string, string>();

/**
 * The line that pino would write, at level info: a tenth of a small request's time goes into its line, most of it for what pino has to ask
 * of every member. Errors go through pino (request-log.ts).
 * @param timeMs since the epoch
 */
export function requestLine(entry: RequestEntry, message: string, timeMs: number): string {
  const { reqId, method, route, status, ms, run, code } = entry;
  const head = `{"level":${INFO},"time":${timeMs}${SERVICE},"reqId":${quoted(reqId)},"method":"${method}"`;
  const told = `,"route":${routeText(route)},"status":${status},"ms":${milliseconds(ms)}${run === undefined ? '' : runMembers(run)}`;
  return `${head}${told}${code === undefined ? '' : `,"code":"${code}"`},"msg":"${message}"}\n`;
}

/** The same as an object, for who has more to say. */
export function requestMembers({ run, ...entry }: RequestEntry): Record<string, unknown> {
  const { plan, ...spent } = run ?? {};
  const times = Object.entries(spent).map(([name, ms]) => [name, rounded(ms)]);
  return { ...entry, ms: rounded(entry.ms), ...plan, ...Object.fromEntries(times) };
}

function runMembers({ plan, decodeMs, planMs, queueMs, computeMs }: RunFields): string {
  const text = texts.get(plan) ?? membersOf(plan);
  texts.set(plan, text);
  const spent = `,"decodeMs":${milliseconds(decodeMs)},"planMs":${milliseconds(planMs)}`;
  return `${text}${spent},"queueMs":${milliseconds(queueMs)},"computeMs":${milliseconds(computeMs)}`;
}

/** A request's name: printable (request-id.ts), and hardly ever with what JSON escapes. */
function quoted(reqId: string): string {
  return reqId.includes('"') || reqId.includes('\\') ? JSON.stringify(reqId) : `"${reqId}"`;
}

function routeText(route: string): string {
  const text = routes.get(route) ?? JSON.stringify(route);
  routes.set(route, text);
  return text;
}

function membersOf(fields: object): string {
  return `,${JSON.stringify(fields).slice(1, -1)}`;
}
