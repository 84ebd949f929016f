/** A webhook for tests: an HTTPS server on this machine that answers as the test says. */
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { AdmissionRequest } from '../../api/admission/v1.gen.ts';
import { testServerCertificate } from '../../utils/x509-testing.ts';

/** What a webhook says to a review: a response without its uid, raw text of an answer, or nothing at all, for ever. */
export type TestAnswer =
  | { readonly response: object }
  | { readonly raw: string; readonly status?: number }
  | { readonly hang: true };

export interface TestWebhook {
  /** Of the root path, without a slash at its end. */
  readonly url: string;
  /** PEM in base64, as configurations have it. */
  readonly caBundle: string;
  /** What was asked so far, by path. */
  readonly asked: { readonly path: string; readonly request: AdmissionRequest }[];
  /** Connections that were made. */
  connections(): number;
  close(): Promise<void>;
}

interface Review {
  readonly apiVersion: string;
  readonly kind: string;
  readonly request: AdmissionRequest;
}

export async function startWebhook(
  answer: (path: string, request: AdmissionRequest) => TestAnswer,
): Promise<TestWebhook> {
  const { cert, key, ca } = testServerCertificate({ dns: ['hook.default.svc'], ips: ['127.0.0.1'] });
  const asked: { path: string; request: AdmissionRequest }[] = [];
  let connections = 0;
  const server = createServer({ cert, key }, async (exchange, reply) => {
    const chunks: Buffer[] = [];
    for await (const chunk of exchange) chunks.push(chunk as Buffer);
    const review = JSON.parse(Buffer.concat(chunks).toString()) as Review;
    const path = new URL(exchange.url ?? '/', 'https://webhook').pathname;
    asked.push({ path, request: review.request });
    const said = answer(path, review.request);
    if ('hang' in said) return;
    reply.statusCode = 'raw' in said ? (said.status ?? 200) : 200;
    const { apiVersion, kind, request } = review;
    const whole =
      'raw' in said ? said.raw : JSON.stringify({ apiVersion, kind, response: { uid: request.uid, ...said.response } });
    reply.end(whole);
  });
  server.on('secureConnection', () => connections++);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `https://127.0.0.1:${(server.address() as AddressInfo).port}`,
    caBundle: Buffer.from(ca).toString('base64'),
    asked,
    connections: () => connections,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

export const patch = (...operations: readonly object[]): TestAnswer => ({
  response: {
    allowed: true,
    patchType: 'JSONPatch',
    patch: Buffer.from(JSON.stringify(operations)).toString('base64'),
  },
});
