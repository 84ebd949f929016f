import type { Json } from './definitions.ts';

/** A parameter of an operation. One that stands in the path is required. */
export interface Parameter {
  readonly name: string;
  readonly type: 'string' | 'integer' | 'boolean';
  readonly in: 'query' | 'path';
  readonly description: string;
}

type Row = readonly [name: string, type: Parameter['type'], description: string];

const query = ([name, type, description]: Row): Parameter => ({ name, type, in: 'query', description });
const inPath = (name: string, description: string): Parameter => ({ name, type: 'string', in: 'path', description });

export const pretty = query([
  'pretty',
  'string',
  'Whether to lay the answer out for reading: true or false. Clients that people use by hand get it without asking.',
]);
export const namespaceInPath = inPath('namespace', 'The namespace that the object is in.');
export const nameInPath = (kind: string): Parameter => inPath('name', `Name of the ${kind}.`);
export const restInPath = inPath('path', 'What of the path goes on to the other side.');

const watchRow: Row = ['watch', 'boolean', 'Follow changes instead of listing.'];
const selectRows: readonly Row[] = [
  ['continue', 'string', 'Where the page before ended, as that page said, to get the next.'],
  ['fieldSelector', 'string', 'Only objects with these values in their fields.'],
  ['labelSelector', 'string', 'Only objects with these labels.'],
  ['limit', 'integer', 'Most objects in one page.'],
  ['resourceVersion', 'string', 'How new the answer must be, or where a watch starts.'],
  ['resourceVersionMatch', 'string', 'How resourceVersion is meant: Exact or NotOlderThan.'],
  ['sendInitialEvents', 'boolean', 'Begin a watch with the objects that are there.'],
  ['shardSelector', 'string', 'Only objects of these shards, where the server can tell them apart.'],
  ['timeoutSeconds', 'integer', 'How long the call may last, whatever happens.'],
];
/** Of reads of one custom resource. */
export const readParameters: readonly Parameter[] = selectRows
  .filter(([name]) => name === 'resourceVersion')
  .map(query);

export const listParameters: readonly Parameter[] = [
  ['allowWatchBookmarks', 'boolean', 'Ask for BOOKMARK events, which say how far a watch has come.'] as const,
  ...selectRows,
  watchRow,
].map(query);

const dryRun: Row = ['dryRun', 'string', 'All: go through every stage and store nothing.'];
const deleteRows: readonly Row[] = [
  dryRun,
  ['gracePeriodSeconds', 'integer', 'How many seconds the object may take to stop; 0 is at once.'],
  [
    'ignoreStoreReadErrorWithClusterBreakingPotential',
    'boolean',
    'Remove an object that the store can no longer read, without finalizers and all else that deletion waits for.',
  ],
  ['orphanDependents', 'boolean', 'Deprecated for propagationPolicy: whether dependents stay.'],
  ['propagationPolicy', 'string', 'What becomes of dependents: Orphan, Background or Foreground.'],
];
export const deleteParameters: readonly Parameter[] = deleteRows.map(query);
export const collectionParameters: readonly Parameter[] = [...selectRows, ...deleteRows]
  .map(query)
  .sort((a, b) => (a.name < b.name ? -1 : 1));

export const writeParameters: readonly Parameter[] = [
  dryRun,
  ['fieldManager', 'string', 'Who makes the change, for the record of who set which field.'] as const,
  [
    'fieldValidation',
    'string',
    'What to do about unknown and duplicate fields: Ignore, Warn (the default) or Strict.',
  ] as const,
].map(query);
/** An apply patch must name its manager; the other patches may. */
export const patchParameters: readonly Parameter[] = [
  ...writeParameters.map((one) =>
    one.name === 'fieldManager' ? { ...one, description: `${one.description} Apply cannot do without.` } : one,
  ),
  query(['force', 'boolean', 'Apply takes fields over that others own.']),
];

const streams = (verb: string): readonly Row[] => [
  ['container', 'string', `Which container to ${verb}; needed where the pod has several.`],
  ['stderr', 'boolean', 'Pass standard error on.'],
  ['stdin', 'boolean', 'Pass standard input on.'],
  ['stdout', 'boolean', 'Pass standard output on.'],
];

/** What each subresource that is a connection takes, by its kind of options. */
export const connections: Readonly<Record<string, readonly Parameter[]>> = Object.fromEntries(
  Object.entries<readonly Row[]>({
    PodExecOptions: [
      ['command', 'string', 'Program and arguments, each a parameter.'],
      ...streams('run it in'),
      ['tty', 'boolean', 'Give the program a terminal.'],
    ],
    PodAttachOptions: [...streams('attach to'), ['tty', 'boolean', 'The container has a terminal.']],
    PodPortForwardOptions: [['ports', 'integer', 'Which ports, over WebSocket.']],
    PodProxyOptions: [['path', 'string', 'Path to ask the pod for.']],
    ServiceProxyOptions: [['path', 'string', 'Path, with its query, to ask the service for.']],
    NodeProxyOptions: [['path', 'string', 'Path to ask the node for.']],
  }).map(([kind, rows]) => [kind, rows.map(query)]),
);

const logRows: readonly Row[] = [
  ['container', 'string', 'Which container; needed where the pod has several.'],
  ['follow', 'boolean', 'Go on with what is yet to be written.'],
  ['insecureSkipTLSVerifyBackend', 'boolean', "Do not check the node's certificate."],
  ['limitBytes', 'integer', 'Most bytes to send.'],
  ['previous', 'boolean', 'Of the container that ran before this one.'],
  ['sinceSeconds', 'integer', 'Only lines younger than this.'],
  ['stream', 'string', 'All, Stdout or Stderr.'],
  ['tailLines', 'integer', 'Only so many lines from the end.'],
  ['timestamps', 'boolean', 'Put the time before each line.'],
];
export const logParameters: readonly Parameter[] = logRows.map(query);

/** A parameter in the words of a version of OpenAPI. */
export function parameterJson(version: 2 | 3, { name, type, in: place, description }: Parameter): Json {
  const required = place === 'path' && { required: true };
  return version === 2
    ? { uniqueItems: true, type, description, name, in: place, ...required }
    : { name, in: place, description, ...required, schema: { type, uniqueItems: true } };
}
