/** Documents of OpenAPI v3 made out of those of v2, for extension servers that have no others. */
import type { Json } from './definitions.ts';

const METHODS = ['get', 'put', 'post', 'delete', 'options', 'head', 'patch'];
const OPERATION = ['description', 'externalDocs', 'tags', 'summary', 'deprecated', 'operationId'];
const PARAMETER = ['name', 'description', 'in', 'required', 'allowEmptyValue'];
const SIMPLE = ['type', 'format', 'uniqueItems'];

const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const strings = (value: unknown): string[] =>
  Array.isArray(value) ? value.filter((one) => typeof one === 'string') : [];
const list = (value: unknown): Json[] => (Array.isArray(value) ? value.filter(isObject) : []);

/** As kube-aggregator does it: what v3 has no place for is left out. Throws TypeError for what is no document. */
export function openApi3Of(document: unknown): Json {
  if (!isObject(document)) throw new TypeError('no document of OpenAPI v2');
  const { info, externalDocs, paths, definitions, parameters, responses, securityDefinitions, produces } = document;
  const types = strings(produces);
  return {
    openapi: '3.0.0',
    info: isObject(info) ? info : {},
    ...(isObject(externalDocs) && { externalDocs }),
    paths: mapOf(paths, pathOf) ?? {},
    components: defined({
      schemas: mapOf(definitions, schemaOf),
      parameters: mapOf(parameters, parameterOf),
      responses: mapOf(responses, (response) => responseOf(response, types)),
      securitySchemes: mapOf(securityDefinitions, schemeOf),
    }),
  };
}

/** Prototypes of objects are nobody's business here: names may be those of what every object has. */
function mapOf(value: unknown, convert: (one: Json) => Json): Json | undefined {
  if (!isObject(value)) return undefined;
  return Object.fromEntries(
    Object.entries(value).flatMap(([name, one]) => (isObject(one) ? [[name, convert(one)] as const] : [])),
  );
}

const defined = (value: Json): Json => Object.fromEntries(Object.entries(value).filter(([, one]) => one !== undefined));
const extensions = (from: Json): Json =>
  Object.fromEntries(Object.entries(from).filter(([name]) => name.startsWith('x-')));
const picked = (from: Json, names: readonly string[]): Json =>
  Object.fromEntries(names.filter((name) => Object.hasOwn(from, name)).map((name) => [name, from[name]]));

function referenceOf(reference: string): string {
  const [, kind = '', name = ''] = /^#\/(definitions|parameters|responses)\/(.*)$/.exec(reference) ?? [];
  return kind === '' ? reference : `#/components/${kind === 'definitions' ? 'schemas' : kind}/${name}`;
}

function pathOf(item: Json): Json {
  const operations = METHODS.flatMap((method) => {
    const operation = item[method];
    return isObject(operation) ? [[method, operationOf(operation)] as const] : [];
  });
  return {
    ...extensions(item),
    ...Object.fromEntries(operations),
    ...(Array.isArray(item.parameters) && { parameters: list(item.parameters).map(parameterOf) }),
  };
}

function operationOf(operation: Json): Json {
  const parameters = list(operation.parameters);
  const isBody = ({ name, schema }: Json) => name === 'body' && isObject(schema);
  const body = parameters.find(isBody)?.schema;
  const others = parameters.filter((parameter) => !isBody(parameter)).map(parameterOf);
  const produces = strings(operation.produces);
  return defined({
    ...extensions(operation),
    ...picked(operation, OPERATION),
    parameters: others.length > 0 ? others : undefined,
    requestBody: isObject(body) ? { content: contentOf(body, strings(operation.consumes)) } : undefined,
    responses: mapOf(operation.responses, (response) => responseOf(response, produces)) ?? {},
  });
}

function contentOf(schema: Json, types: readonly string[]): Json {
  return Object.fromEntries(types.map((type) => [type, { schema: schemaOf(schema) }]));
}

function responseOf(response: Json, produces: readonly string[]): Json {
  if (typeof response.$ref === 'string') return { $ref: referenceOf(response.$ref) };
  return {
    ...extensions(response),
    ...picked(response, ['description']),
    ...(isObject(response.schema) && produces.length > 0 && { content: contentOf(response.schema, produces) }),
  };
}

function parameterOf(parameter: Json): Json {
  if (typeof parameter.$ref === 'string') return { $ref: referenceOf(parameter.$ref) };
  const { schema } = parameter;
  return {
    ...extensions(parameter),
    ...picked(parameter, PARAMETER),
    schema: isObject(schema) ? schemaOf(schema) : picked(parameter, SIMPLE),
  };
}

function schemeOf(scheme: Json): Json {
  const { flow, authorizationUrl, tokenUrl, scopes } = scheme;
  return defined({
    ...extensions(scheme),
    ...picked(scheme, ['type', 'description', 'name', 'in']),
    flows: typeof flow === 'string' ? { [flow]: defined({ authorizationUrl, tokenUrl, scopes }) } : undefined,
  });
}

function schemaOf(schema: Json): Json {
  const { $ref, ...rest } = schema;
  const converted = Object.fromEntries(Object.entries(rest).map(([name, value]) => [name, withinSchema(name, value)]));
  if (typeof $ref !== 'string') return converted;
  const reference = { $ref: referenceOf($ref) };
  // In v3 nothing stands beside a reference.
  return Object.keys(rest).length > 0 ? { ...converted, allOf: [reference] } : reference;
}

function withinSchema(name: string, value: unknown): unknown {
  switch (name) {
    case 'properties':
      return mapOf(value, schemaOf) ?? {};
    case 'items':
    case 'additionalProperties':
    case 'additionalItems':
    case 'not':
      return isObject(value) ? schemaOf(value) : Array.isArray(value) ? list(value).map(schemaOf) : value;
    case 'allOf':
    case 'anyOf':
    case 'oneOf':
      return list(value).map(schemaOf);
    default:
      return value;
  }
}
