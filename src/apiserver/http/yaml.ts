import { YamlParser } from './yaml-parser.ts';
import { YamlProblem } from './yaml-scanner.ts';
import { NoJsonError, YamlValues } from './yaml-values.ts';

/** Text is not YAML, or not what JSON can say; the message is kube-apiserver's. */
export class YamlError extends Error {
  override name = 'YamlError';
}

export interface ParsedYaml {
  readonly value: unknown;
  /** Names that a mapping has twice, in the words of Kubernetes' parser: `line 3: key "a" already set in map`. */
  readonly repeated: readonly string[];
}

/** The value of the first document of a YAML text, as sigs.k8s.io/yaml takes it to JSON. Throws YamlError. */
export function parseYaml(text: string): ParsedYaml {
  try {
    const values = new YamlValues();
    const root = new YamlParser(text).parse();
    return { value: root ? values.of(root) : null, repeated: values.repeated };
  } catch (error) {
    if (error instanceof YamlProblem) throw new YamlError(`error converting YAML to JSON: yaml: ${error.message}`);
    if (error instanceof NoJsonError) throw new YamlError(`error converting YAML to JSON: ${error.message}`);
    throw error;
  }
}
