const component = '[a-z0-9]+(?:(?:[._]|__|[-]+)[a-z0-9]+)*';
const host = '(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])';
const domain = `(?:${host}(?:\\.${host})*|\\[(?:[a-fA-F0-9:]+)\\])(?::[0-9]+)?`;
const reference = new RegExp(
  `^((?:${domain}/)?${component}(?:/${component})*)(?::([\\w][\\w.-]{0,127}))?(?:@([A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}))?$`,
);

/** Whether an image is pulled anew each time unless its pod says otherwise: its tag is "latest", given or meant. */
function isLatest(image: string): boolean {
  const match = reference.exec(image);
  if (!match) return false;
  const [, , tag, digest] = match;
  return tag === undefined ? digest === undefined : tag === 'latest';
}

/** The pull policy of an image whose pod names none. */
export const defaultPullPolicy = (image: string | undefined): 'Always' | 'IfNotPresent' =>
  isLatest(image ?? '') ? 'Always' : 'IfNotPresent';
