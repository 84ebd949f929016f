import { type Document, isScalar, LineCounter, parseDocument, type SchemaOptions, visit } from 'yaml';
import { quote } from '../../schema/quote.ts';
import { anchorInItself } from './yaml-anchors.ts';
import { yamlProblem } from './yaml-problem.ts';

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

export interface ParsedYaml {
  readonly value: unknown;
  /** Names that a mapping has twice, in the words of Kubernetes' parser: `line 3: key "a" already set in map`. */
  readonly repeated: readonly string[];
}

function repeatedKeys(document: Document.Parsed, lines: LineCounter): string[] {
  const found: string[] = [];
  visit(document, {
    Map: (_, map) => {
      const seen = new Set<unknown>();
      for (const { key } of map.items) {
        const name = isScalar(key) ? key.value : key;
        if (seen.has(name) && isScalar(key) && key.range) {
          const shown = typeof name === 'string' ? quote(name) : String(name);
          found.push(`line ${lines.linePos(key.range[0]).line}: key ${shown} already set in map`);
        }
        seen.add(name);
      }
    },
  });
  return found;
}

/** The value of the first document of a YAML text. */
export function parseYaml(text: string): ParsedYaml {
  const lines = new LineCounter();
  let document: Document.Parsed;
  try {
    document = parseDocument(text, {
      version: '1.1',
      schema: 'yaml-1.1',
      customTags,
      merge: true,
      prettyErrors: true,
      uniqueKeys: false,
      lineCounter: lines,
    });
  } catch (error) {
    throw new YamlError(
      `error converting YAML to JSON: yaml: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
  const problem = yamlProblem(
    text,
    document.errors.filter((error) => error.code !== 'MULTIPLE_DOCS'),
  );
  if (problem) throw new YamlError(`error converting YAML to JSON: yaml: ${problem}`);
  const anchor = anchorInItself(document);
  if (anchor !== undefined) {
    throw new YamlError(`error converting YAML to JSON: yaml: anchor '${anchor}' value contains itself`);
  }
  try {
    return { value: document.toJS({ maxAliasCount: MOST_ALIASES }), repeated: repeatedKeys(document, lines) };
  } catch (error) {
    throw new YamlError(
      `error converting YAML to JSON: yaml: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
}
