import { isMainThread, parentPort, workerData } from 'node:worker_threads';
import { parseYaml, YamlError } from './yaml.ts';

/** What the worker answers: JSON, or why the text is none. */
export type YamlAnswer = { readonly json: string; readonly repeated: readonly string[] } | { readonly error: string };

function answer(text: string): YamlAnswer {
  try {
    const { value, repeated } = parseYaml(text);
    return { json: JSON.stringify(value) ?? 'null', repeated };
  } catch (error) {
    // Whatever else goes wrong goes wrong in recursion: the parser's, or JSON's.
    return {
      error: error instanceof YamlError ? error.message : 'error converting YAML to JSON: yaml: exceeded max depth',
    };
  }
}

if (!isMainThread && typeof workerData === 'string') parentPort?.postMessage(answer(workerData));
