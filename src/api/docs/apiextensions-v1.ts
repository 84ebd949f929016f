/** What apiextensions/v1's types and fields are for. */
export const apiextensionsV1Docs = `
ConversionRequest: Objects to be converted.
  uid: Tells answers apart.
  desiredAPIVersion: To which version.
  objects: The objects.
ConversionResponse: Objects that were converted.
  uid: As in the request.
  convertedObjects: The objects, in order.
  result: Whether it went well.
ConversionReview: Asks a webhook to convert custom resources.
  request: The request.
  response: The answer.
CustomResourceColumnDefinition: A column when objects are printed.
  name: Its heading.
  type: integer, number, string, boolean or date.
  format: More about the type.
  description: What it says.
  priority: 0 is always shown, more only in wide output.
  jsonPath: Where its value is in the object.
CustomResourceConversion: How objects get from version to version.
  strategy: None changes apiVersion alone, Webhook asks a server.
  webhook: The server.
CustomResourceDefinition: A kind of object that you define.
CustomResourceDefinitionCondition: Something that holds of a CustomResourceDefinition.
  type: Established, NamesAccepted, NonStructuralSchema, ...
CustomResourceDefinitionNames: What a kind is called.
  plural: In paths.
  singular: For one; the kind in small letters by default.
  shortNames: For people in a hurry.
  kind: In objects.
  listKind: In lists; the kind with List by default.
  categories: Sets that it belongs to, such as all.
CustomResourceDefinitionSpec: What is defined.
  group: The group.
  names: What the kind is called.
  scope: Namespaced or Cluster.
  versions: The versions.
  conversion: How objects get from version to version.
  preserveUnknownFields: Must be false.
CustomResourceDefinitionStatus: How it does.
  acceptedNames: Names that are its own now.
  storedVersions: Versions in which objects may be stored.
CustomResourceDefinitionVersion: A version of a kind.
  name: Its name: v1, v1beta1, ...
  served: Whether clients can ask for it.
  storage: Whether objects are stored in it; true for one.
  deprecated: Whether clients are warned.
  deprecationWarning: With what words.
  schema: What objects look like.
  subresources: Whether it has status and scale.
  additionalPrinterColumns: Columns when objects are printed; the age by default.
  selectableFields: Fields for field selectors.
CustomResourceSubresourceScale: Where a number of replicas is.
  specReplicasPath: How many are wanted.
  statusReplicasPath: How many there are.
  labelSelectorPath: Labels of the pods, for autoscalers.
CustomResourceSubresourceStatus: Status as a subresource.
CustomResourceSubresources: Subresources of a kind.
  status: A status that is written apart from the rest.
  scale: A number of replicas.
CustomResourceValidation: What objects look like.
  openAPIV3Schema: As a schema.
ExternalDocumentation: More to read.
  description: What it is.
  url: Where it is.
JSONSchemaProps: A schema: what a value looks like, in the words of OpenAPI 3.
  id: Not used.
  $schema: Not used.
  $ref: Not allowed.
  description: What it is for.
  type: object, array, string, integer, number or boolean.
  format: More about the type.
  title: A name for people.
  default: The value where none is given.
  maximum: Most it may be.
  exclusiveMaximum: Whether it must be less than the maximum.
  minimum: Least it may be.
  exclusiveMinimum: Whether it must be more than the minimum.
  maxLength: Most characters.
  minLength: Least characters.
  pattern: A regular expression that must match.
  maxItems: Most elements.
  minItems: Least elements.
  uniqueItems: Not allowed to be true.
  multipleOf: What it must be a multiple of.
  enum: Values it may have.
  maxProperties: Most properties.
  minProperties: Least properties.
  required: Properties that must be there.
  items: What elements look like.
  allOf: Schemas that must all fit.
  oneOf: Schemas of which exactly one must fit.
  anyOf: Schemas of which one must fit.
  not: A schema that must not fit.
  properties: Properties by name.
  additionalProperties: What properties look like that are not named.
  patternProperties: Not allowed.
  dependencies: Not allowed.
  additionalItems: Not allowed.
  definitions: Not allowed.
  externalDocs: More to read.
  example: An example.
  nullable: Whether null will do.
  x-kubernetes-preserve-unknown-fields: Keep fields that the schema does not name.
  x-kubernetes-embedded-resource: It is an object with apiVersion, kind and metadata.
  x-kubernetes-int-or-string: It is an integer or a string.
  x-kubernetes-list-map-keys: Fields that tell elements of a map list apart.
  x-kubernetes-list-type: How lists merge: atomic, set or map.
  x-kubernetes-map-type: How objects merge: granular or atomic.
  x-kubernetes-validations: What must be true, in CEL.
JSONSchemaPropsOrArray: A schema, or one for each element.
  schema: One for all.
  jSONSchemas: One for each.
JSONSchemaPropsOrBool: A schema, or whether anything at all is allowed.
  allows: Whether anything is.
  schema: The schema.
JSONSchemaPropsOrStringArray: A schema, or names of properties.
  schema: The schema.
  property: The names.
SelectableField: A field for field selectors.
  jsonPath: Where it is in the object.
ServiceReference: A Service.
  namespace: Its namespace.
  name: Its name.
  path: Path to ask for.
  port: Its port; 443 by default.
ValidationRule: Something that must be true of a value.
  rule: CEL that says whether it is; self is the value, oldSelf the one before.
  message: What to say when it is not.
  messageExpression: CEL that makes what to say.
  reason: Reason of the refusal; FieldValueInvalid by default.
  fieldPath: Field that the complaint is about.
  optionalOldSelf: Whether oldSelf is optional, so that new values are looked at too.
WebhookClientConfig: Where a webhook is: one of url and service.
  url: Its address.
  service: The Service in front of it.
  caBundle: Authorities that its certificate must come from, in PEM.
WebhookConversion: A server that converts.
  clientConfig: Where it is.
  conversionReviewVersions: Versions of ConversionReview it understands, the best first.
`;
