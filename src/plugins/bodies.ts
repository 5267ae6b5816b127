import type { FastifyInstance } from 'fastify';
import fp from 'fastify-plugin';
import { fail } from '../errors.ts';

/** Bodies reach the routes as bytes: the codecs of `src/wire` read them, and nothing else does. */
export const bodies = fp(async (app: FastifyInstance) => {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
  // The documents' schemas are zod; the contract applies them where they have to hold, and responses are trusted.
  app.setValidatorCompiler(() => () => true);
  app.setSerializerCompiler(() => (data) => JSON.stringify(data));

  app.addHook('preParsing', async (request) => {
    const encoding = request.headers['content-encoding'];
    if (encoding !== undefined && encoding.toLowerCase() !== 'identity') {
      fail('unsupported_media_type', `Content-Encoding '${encoding.slice(0, 40)}' is not taken here; send the body as it is`);
    }
  });
});
