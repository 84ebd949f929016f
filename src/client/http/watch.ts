import http2 from 'node:http2';
import { ApiError } from '../../api/errors.ts';
import type { KubeObject } from '../../api/resource.ts';
import type { WatchHandler, WatchSession } from '../client.ts';
import { LineSplitter } from './lines.ts';
import { isStatus, type Transport } from './transport.ts';

/** An object may have 3 MiB as a request; as an event it may be somewhat longer. */
const LONGEST_EVENT = 16 << 20;

export interface WatchRequest {
  readonly path: string;
  readonly accept: string;
  readonly userAgent: string;
  /** What objects are to be called, where the server calls them PartialObjectMetadata. */
  readonly rename: { readonly apiVersion: string; readonly kind: string } | undefined;
}

/**
 * Reads a watch's events as they come. The handler runs before more is read from the connection, so a slow handler
 * slows the server down instead of filling memory.
 */
export function runWatch<T extends KubeObject>(
  transport: Transport,
  request: WatchRequest,
  handler: WatchHandler<T>,
): WatchSession {
  const abort = new AbortController();
  let ended = false;
  const end = (error?: Error) => {
    if (ended) return;
    ended = true;
    handler.end(error);
  };

  const line = (bytes: Buffer) => {
    if (ended || bytes.length === 0) return;
    const event = decode(bytes);
    if (event.type === 'ERROR') {
      end(isStatus(event.object) ? new ApiError(event.object) : new Error('the watch ended with an unknown error'));
      abort.abort();
      return;
    }
    // The server watches objects of the resource's type; see HttpResourceClient.
    const object = event.object as T;
    const renamed = request.rename ? { ...object, ...request.rename } : object;
    handler.event(event.type, renamed);
  };

  const run = async () => {
    const { path, accept, userAgent } = request;
    const stream = await transport.open({ method: 'GET', path, accept, userAgent, signal: abort.signal });
    const splitter = new LineSplitter(LONGEST_EVENT);
    stream.on('data', (chunk: Buffer) => {
      try {
        splitter.push(chunk, line);
      } catch (error) {
        end(error instanceof Error ? error : new Error(String(error)));
        stream.close(http2.constants.NGHTTP2_CANCEL);
      }
    });
    stream.once('end', () => {
      if (stream.rstCode === 0 && !stream.aborted) end();
    });
    stream.once('error', end);
    stream.once('close', () => end(new Error('the connection was closed')));
  };
  run().catch((error: unknown) => end(error instanceof Error ? error : new Error(String(error))));

  return {
    stop() {
      end();
      abort.abort();
    },
  };
}

type Decoded = { readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK' | 'ERROR'; readonly object: unknown };

function decode(bytes: Buffer): Decoded {
  const value: unknown = JSON.parse(bytes.toString('utf8'));
  if (typeof value === 'object' && value !== null && 'type' in value && 'object' in value) {
    const { type, object } = value;
    switch (type) {
      case 'ADDED':
      case 'MODIFIED':
      case 'DELETED':
      case 'BOOKMARK':
      case 'ERROR':
        return { type, object };
    }
  }
  throw new Error('the server sent something that is no watch event');
}
