/** How to reach and convince an API server; `loadKubeconfig` makes one. Certificates and keys are PEM. */
export interface ClientConfig {
  /** "https://127.0.0.1:6443"; "http://..." speaks HTTP/2 without TLS. */
  readonly server: string;
  readonly ca?: string;
  /** Client certificate and its key. */
  readonly cert?: string;
  readonly key?: string;
  /** Bearer token; a function is asked for each request, for tokens that are renewed. */
  readonly token?: string | (() => string | Promise<string>);
  /** Name to expect in the server's certificate where it is not the host of `server`. */
  readonly serverName?: string;
  readonly insecureSkipTlsVerify?: boolean;
  /** The context's namespace; "default" where it names none. */
  readonly namespace?: string;
}
