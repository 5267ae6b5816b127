import { existsSync, readFileSync } from 'node:fs';
import { z } from 'zod';
import { isObject, type JsonObject, member } from './json.ts';

/** One example for each operation, in examples/<operationId>.json; tests hold it against the operation's zod schemas. */

const ExampleFile = z.strictObject({
  summary: z.string(),
  request: z.unknown().optional(),
  response: z.unknown(),
});
export type Example = z.infer<typeof ExampleFile>;

/** The example of an operation, or null where it has none. @throws Error for a file that is no example */
export function readExample(operationId: string): Example | null {
  const url = new URL(`examples/${operationId}.json`, import.meta.url);
  return existsSync(url) ? ExampleFile.parse(JSON.parse(readFileSync(url, 'utf8'))) : null;
}

/** Puts the operation's example into its request body and its success response. */
export function attachExamples(operation: JsonObject): void {
  const example = readExample(String(operation.operationId));
  if (example === null) return;
  if (example.request !== undefined) attach(member(operation, 'requestBody'), example.request);
  const [success] = Object.entries(member(operation, 'responses')).filter(([status]) => status.startsWith('2'));
  if (success !== undefined && isObject(success[1])) attach(success[1], example.response);
}

/** Only JSON has examples that can be shown. */
function attach(holder: JsonObject, value: unknown): void {
  const media = member(holder, 'content')['application/json'];
  if (isObject(media)) media.example = value;
}
