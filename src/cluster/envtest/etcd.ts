import { createServer } from 'node:http';
import { FlagError } from './values.ts';

export interface EtcdStandIn {
  stop(): Promise<void>;
}

/**
 * What a test environment takes for etcd: it answers that it is well and keeps nothing, because the API server that is
 * told of it keeps its state itself. Takes every flag of etcd's; only --listen-client-urls has an effect.
 */
export async function startEtcdStandIn(args: readonly string[]): Promise<EtcdStandIn> {
  const servers = await Promise.all(clientUrls(args).map(listen));
  return {
    async stop() {
      await Promise.all(
        servers.map((server) => {
          server.closeAllConnections();
          return new Promise((resolve) => server.close(resolve));
        }),
      );
    },
  };
}

function clientUrls(args: readonly string[]): readonly URL[] {
  const at = args.findIndex((arg) => /^--?listen-client-urls(=|$)/.test(arg));
  const arg = args[at];
  const text = arg?.includes('=') ? arg.slice(arg.indexOf('=') + 1) : args[at + 1];
  const urls = at < 0 ? 'http://localhost:2379' : (text ?? '');
  return urls.split(',').map((one) => {
    if (!/^http:\/\/[^/]+$/.test(one) || !URL.canParse(one)) {
      throw new FlagError(`--listen-client-urls: "${one}" is not a URL like http://127.0.0.1:2379`);
    }
    return new URL(one);
  });
}

const answers: Readonly<Record<string, string>> = {
  '/health': '{"health":"true","reason":""}',
  '/readyz': 'ok\n',
  '/livez': 'ok\n',
  '/version': '{"etcdserver":"3.6.0","etcdcluster":"3.6.0","storage":"3.6.0"}',
};

function listen(url: URL) {
  const server = createServer((request, response) => {
    request.resume();
    const answer = answers[request.url?.split('?')[0] ?? ''];
    response.writeHead(answer === undefined ? 404 : 200, {
      'content-type': answer?.startsWith('{') ? 'application/json' : 'text/plain; charset=utf-8',
    });
    response.end(answer ?? '404 page not found\n');
  });
  return new Promise<typeof server>((resolve, reject) => {
    server.once('error', reject);
    server.listen(Number(url.port || 80), url.hostname.replace(/^\[|\]$/g, ''), () => resolve(server));
  });
}
