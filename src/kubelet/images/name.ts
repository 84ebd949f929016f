/** An image's name in its parts; the domain and path as Docker Hub's abbreviations mean them. */
export interface ImageName {
  /** "docker.io", "registry.example:5000". */
  readonly domain: string;
  /** "library/busybox". */
  readonly path: string;
  readonly tag: string | undefined;
  readonly digest: string | undefined;
}

const pathComponent = '[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*';
const host = '(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])';
const reference = new RegExp(
  `^(?:((?:${host}(?:\\.${host})*|\\[[a-fA-F0-9:]+\\])(?::[0-9]+)?)/)?(${pathComponent}(?:/${pathComponent})*)` +
    '(?::([\\w][\\w.-]{0,127}))?(?:@([A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}))?$',
);

/** Throws an Error in the words of the reference library that Kubernetes uses. */
export function parseImageName(text: string): ImageName {
  if (/^[a-f0-9]{64}$/.test(text)) {
    throw new Error(`invalid repository name (${text}), cannot specify 64-byte hexadecimal strings`);
  }
  const match = text.length <= 4096 ? reference.exec(text) : null;
  if (!match) {
    const lower = reference.test(text.toLowerCase());
    throw new Error(
      lower
        ? `invalid reference format: repository name (${text.split(/[:@]/)[0]}) must be lowercase`
        : 'invalid reference format',
    );
  }
  let [, domain = '', path = '', tag, digest] = match;
  // The first part is a host only when it looks like one.
  if (domain && !/[.:[]/.test(domain) && domain !== 'localhost' && domain === domain.toLowerCase()) {
    path = `${domain}/${path}`;
    domain = '';
  }
  if (domain === 'index.docker.io') domain = 'docker.io';
  if (!domain) domain = 'docker.io';
  if (domain === 'docker.io' && !path.includes('/')) path = `library/${path}`;
  return { domain, path, tag, digest };
}

/** The name with ":latest" where it says neither tag nor digest; otherwise as it stands. */
export function withDefaultTag(text: string): string {
  const { tag, digest } = parseImageName(text);
  return tag || digest ? text : `${text}:latest`;
}
