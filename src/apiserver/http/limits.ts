/** What one client may take of the server. All times in milliseconds, all sizes in bytes. */
export interface Limits {
  /** Request line and headers together. */
  readonly headerBytes: number;
  /** Longest path with its query. */
  readonly urlBytes: number;
  /** Largest request body; kube-apiserver's limit is the same. */
  readonly bodyBytes: number;
  /** From the connection's start, or the last request's end, to the end of the headers. */
  readonly headersTimeoutMs: number;
  /** From the first byte of a request to its last. */
  readonly bodyTimeoutMs: number;
  /** How long a connection may stand without a request. */
  readonly idleTimeoutMs: number;
  readonly handshakeTimeoutMs: number;
  /** HTTP/2 streams open at a time on one connection. */
  readonly concurrentStreams: number;
  /** Requests under way that read, and that write; long-running ones do not count. kube-apiserver's numbers. */
  readonly requestsInFlight: number;
  readonly mutatingRequestsInFlight: number;
  /** From a request's start to the end of its answer, but for long-running ones. */
  readonly requestTimeoutMs: number;
  /** Connections at a time, in all and from one address; more are closed as they come. */
  readonly connections: number;
  readonly connectionsPerAddress: number;
  /** Of the requests over HTTP/2, after so many the client is asked to connect anew (0 to 0.02): it may find another server. */
  readonly goawayChance: number;
  /** A closing server answers new requests with 429 for as long as others are under way. */
  readonly shutdownSendsRetryAfter: boolean;
  /** Over how long a closing server ends its watches; 0: all at once. */
  readonly watchEndMs: number;
  /** How long a closing server lets requests finish that it has accepted. */
  readonly shutdownMs: number;
}

export const defaultLimits: Limits = {
  headerBytes: 128 * 1024,
  urlBytes: 64 * 1024,
  bodyBytes: 3 * 1024 * 1024,
  headersTimeoutMs: 32_000,
  bodyTimeoutMs: 60_000,
  idleTimeoutMs: 90_000,
  handshakeTimeoutMs: 10_000,
  concurrentStreams: 250,
  requestsInFlight: 400,
  mutatingRequestsInFlight: 200,
  requestTimeoutMs: 60_000,
  connections: 20_000,
  connectionsPerAddress: 5_000,
  goawayChance: 0,
  shutdownSendsRetryAfter: false,
  watchEndMs: 0,
  shutdownMs: 5_000,
};
