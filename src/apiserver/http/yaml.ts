import { type Document, parseDocument, type SchemaOptions } from 'yaml';

/** Text is not YAML; the message is in kube-apiserver's frame, the reason in the parser's words. */
export class YamlError extends Error {
  override name = 'YamlError';
}

/** YAML 1.1 as sigs.k8s.io/yaml takes it to JSON: y and n are booleans, but times stay text. */
const customTags: SchemaOptions['customTags'] = (tags) =>
  tags.filter(
    (tag) =>
      typeof tag === 'string' ||
      ![
        'tag:yaml.org,2002:timestamp',
        'tag:yaml.org,2002:set',
        'tag:yaml.org,2002:omap',
        'tag:yaml.org,2002:pairs',
      ].includes(tag.tag),
  );

/** How many nodes aliases may add up to: a few lines of YAML must not become gigabytes. */
const MOST_ALIASES = 1000;

/** The value of the first document of a YAML text. */
export function parseYaml(text: string): unknown {
  let document: Document.Parsed;
  try {
    document = parseDocument(text, {
      version: '1.1',
      schema: 'yaml-1.1',
      customTags,
      merge: true,
      prettyErrors: true,
      uniqueKeys: false,
    });
  } catch (error) {
    throw new YamlError(
      `error converting YAML to JSON: yaml: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
  const problem = document.errors.find((error) => error.code !== 'MULTIPLE_DOCS');
  if (problem) {
    const line = problem.linePos?.[0].line ?? 1;
    throw new YamlError(`error converting YAML to JSON: yaml: line ${line}: did not find expected node content`);
  }
  try {
    return document.toJS({ maxAliasCount: MOST_ALIASES });
  } catch (error) {
    throw new YamlError(
      `error converting YAML to JSON: yaml: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
}
