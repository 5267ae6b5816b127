/** An empty Fastify POST route, the ceiling of what the service could answer: it reads the body and says nothing. Prints its port. */
import Fastify from 'fastify';

const app = Fastify();
app.addContentTypeParser('application/octet-stream', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
app.post('/', (_request, reply) => reply.send({}));
const address = await app.listen({ host: '127.0.0.1', port: 0 });
console.log(`serves ${address}`);
