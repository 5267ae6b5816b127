import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { HEADERS, problemResponses } from './problems.ts';

const { version } = z
  .object({ version: z.string() })
  .parse(JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')));

const DESCRIPTION = `Attention and its higher-order generalisations over HTTP. Send an attention polynomial, by its text or by a name from the \
catalogue, with query, key and value tensors: the service answers with the exact output, the plan that it chose and why, and what it cost.

The mathematics is that of poly-attention (arXiv:2602.02422). Tensors are row major and are named as there: \`q1..qt\`, \`v2..vt\`, \`b1..bt\`. \
Errors are problem details (RFC 9457) with a stable \`code\`; an error about a limit names the setting that changes it.`;

/** What the document says about the service as a whole; tags are SDK modules, so they are few and every operation has one. */
export const BASE = {
  openapi: '3.1.0',
  info: {
    title: 'PolyAttention',
    version,
    description: DESCRIPTION,
    license: { name: 'Apache-2.0', url: 'https://www.apache.org/licenses/LICENSE-2.0' },
    contact: { name: 'The PolyAttention authors' },
  },
  servers: [{ url: '/', description: 'The service that serves this document' }],
  security: [{}, { bearerAuth: [] as string[] }],
  tags: [
    { name: 'attention', description: 'Computing attention' },
    { name: 'polynomials', description: 'What is known about a polynomial, and what it costs, before any tensor is sent' },
    { name: 'mechanisms', description: 'The catalogue: polynomials that have a name' },
    { name: 'backends', description: 'Where the service computes' },
    { name: 'oip', description: 'The Open Inference Protocol, version 2, for the clients and tools that speak it' },
    { name: 'ops', description: 'Probes and documents for those who run the service' },
  ],
  components: {
    schemas: {},
    headers: HEADERS,
    responses: problemResponses(),
    securitySchemes: {
      bearerAuth: {
        type: 'http',
        scheme: 'bearer',
        description: 'One of the tokens of AUTH_TOKENS; a service without that setting takes requests without a token',
      },
    },
  },
} as const;
