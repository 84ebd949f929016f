import { createHash } from 'node:crypto';
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { DecodeError, decodeKind } from '../../schema/decode.ts';
import { isJsonObject } from '../../schema/json.ts';
import { quote } from '../../schema/quote.ts';
import { ConfigurationError } from '../../utils/configuration-error.ts';
import { parseYaml, YamlError } from '../http/yaml.ts';
import { strictError } from '../registry/body.ts';
import type { ConfigKind } from './kinds.ts';

/** Larger files are refused; those of big installations have some ten kilobytes. Bytes. */
export const largestFile = 4 * 1024 * 1024;

/** A configuration file that has been read. */
export interface ConfigFile<T> {
  readonly object: T;
  /** As the file has it. */
  readonly apiVersion: string;
  readonly text: string;
}

/**
 * The text of a file that `flag` ("--audit-policy-file") names. Throws a ConfigurationError, which names both, where it
 * cannot be read, is no regular file, or has more than `largestFile` bytes.
 */
export function readTextFile(path: string, flag: string): string {
  try {
    return readBounded(path);
  } catch (error) {
    throw new ConfigurationError(`${flag}: ${fileProblem(path, error)}`);
  }
}

/** The same for who has no flag to name: throws whatever the system says. */
export function readBounded(path: string): string {
  const file = openSync(path, 'r');
  try {
    const stat = fstatSync(file);
    if (stat.isDirectory()) throw new Error('is a directory');
    const buffer = Buffer.allocUnsafe(largestFile + 1);
    let length = 0;
    for (;;) {
      const read = readSync(file, buffer, length, buffer.length - length, null);
      length += read;
      if (read === 0) return buffer.toString('utf8', 0, length);
      if (length > largestFile) throw new Error(`has more than ${largestFile} bytes`);
    }
  } finally {
    closeSync(file);
  }
}

/** Why a file cannot be read, and what to do, in words that begin with its name. */
export function fileProblem(path: string, error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === 'ENOENT') return `${path} is not there: make it, or correct the path`;
  if (code === 'EACCES') return `${path} may not be read by this user: change its owner or mode`;
  return `${path} ${code === undefined ? message : `cannot be read: ${message}`}`;
}

/**
 * Reads a configuration file, YAML or JSON, strictly: unknown fields, and names given twice, are refused, in
 * Kubernetes' words. Throws a ConfigurationError that names the flag and the file.
 */
export function readConfigFile<T extends object>(path: string, kind: ConfigKind<T>, flag: string): ConfigFile<T> {
  const text = readTextFile(path, flag);
  try {
    return decodeConfig(text, kind);
  } catch (error) {
    if (error instanceof ConfigError) throw new ConfigurationError(`${flag}: ${path}: ${error.message}`);
    throw error;
  }
}

/** A text or value is not a file of the kind. The message is Kubernetes' and does not show what the text holds. */
export class ConfigError extends Error {
  override name = 'ConfigError';
}

/**
 * Decodes the text of a configuration file; constant defaults of the schema are filled in. Throws ConfigError.
 * For files that are read again while the server runs.
 */
export function decodeConfig<T extends object>(text: string, kind: ConfigKind<T>): ConfigFile<T> {
  if (text.trim() === '') throw new ConfigError('empty config data');
  try {
    const { value, repeated } = parseYaml(text);
    return { ...decodeConfigValue(value, kind, repeated), text };
  } catch (error) {
    if (error instanceof YamlError) throw new ConfigError(error.message);
    throw error;
  }
}

/** The same for a value inside a file of another kind (AdmissionConfiguration's plugins have such). */
export function decodeConfigValue<T extends object>(
  value: unknown,
  kind: ConfigKind<T>,
  repeated: readonly string[] = [],
): Omit<ConfigFile<T>, 'text'> {
  if (!isJsonObject(value)) throw new ConfigError("couldn't get version/kind: the text is not a mapping");
  const { apiVersion, kind: name } = value;
  if (typeof name !== 'string' || name === '') throw new ConfigError("Object 'Kind' is missing");
  if (typeof apiVersion !== 'string' || apiVersion === '') throw new ConfigError("Object 'apiVersion' is missing");
  const version = kind.versions.find((known) => known.apiVersion === apiVersion);
  if (!version || name !== kind.kind) {
    const known = kind.versions.map((v) => v.apiVersion).join(' or ');
    throw new ConfigError(
      `no kind ${quote(name)} is registered for version ${quote(apiVersion)}: expected ${kind.kind} of ${known}`,
    );
  }
  try {
    const { object, unknown } = decodeKind<T>(version.schema, { apiVersion, kind: name }, value, { defaults: true });
    const problems = [...repeated, ...unknown.map((path) => `unknown field ${quote(path)}`)];
    if (problems.length > 0) throw new ConfigError(strictError(problems));
    return { object, apiVersion };
  } catch (error) {
    if (error instanceof DecodeError) throw new ConfigError(error.message);
    throw error;
  }
}

/** As metrics tell of a configuration: "sha256:..." in hexadecimal; "" for none. */
export const configHash = (text: string): string =>
  text === '' ? '' : `sha256:${createHash('sha256').update(text).digest('hex')}`;
