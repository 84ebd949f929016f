const component = '[a-z0-9]+(?:(?:[._]|__|[-]+)[a-z0-9]+)*';
const host = '(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])';
const domain = `(?:${host}(?:\\.${host})*|\\[(?:[a-fA-F0-9:]+)\\])(?::[0-9]+)?`;
const reference = new RegExp(
  `^((?:${domain}/)?${component}(?:/${component})*)(?::([\\w][\\w.-]{0,127}))?(?:@([A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}))?$`,
);

const MAX_NAME = 255;
const digestLike = /^[a-f0-9]{64}$/;

/** The length of an image's name with what it leaves out: the registry, and the folder in Docker's. */
function fullLength(name: string): number {
  const slash = name.indexOf('/');
  const first = name.slice(0, Math.max(slash, 0));
  if (slash < 0) return name.length + 'docker.io/library/'.length;
  const isHost = /[.:]/.test(first) || first === 'localhost' || first !== first.toLowerCase();
  return isHost ? name.length : name.length + 'docker.io/'.length;
}

/** Whether an image is pulled anew each time unless its pod says otherwise: its tag is "latest", given or meant. */
function isLatest(image: string): boolean {
  const match = reference.exec(image);
  const [, name = '', tag, digest] = match ?? [];
  // What could be a digest is no name.
  if (!match || fullLength(name) > MAX_NAME || digestLike.test(name)) return false;
  return tag === undefined ? digest === undefined : tag === 'latest';
}

/** The pull policy of an image whose pod names none. */
export const defaultPullPolicy = (image: string | undefined): 'Always' | 'IfNotPresent' =>
  isLatest(image ?? '') ? 'Always' : 'IfNotPresent';
