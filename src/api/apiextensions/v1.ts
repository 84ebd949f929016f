import type { GroupVersionData } from '../../schema/model.ts';

/** apiextensions.k8s.io/v1. */
export const apiextensionsV1: GroupVersionData = {
  group: 'apiextensions.k8s.io',
  version: 'v1',
  package: 'k8s.io.apiextensions_apiserver.pkg.apis.apiextensions.v1',
  resources: [
    {
      resource: 'customresourcedefinitions',
      singular: 'customresourcedefinition',
      kind: 'CustomResourceDefinition',
      namespaced: false,
      verbs: ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'],
      shortNames: ['crd', 'crds'],
      categories: ['api-extensions'],
      subresources: {
        status: { kind: 'CustomResourceDefinition', verbs: ['get', 'patch', 'update'] },
      },
      columns: [
        ['Name', 'string', 'name', 0],
        ['Created At', 'date', '', 0],
      ],
    },
  ],
  types: {
    ConversionRequest: {
      fields: {
        uid: { tag: 1, type: 'string', always: true },
        desiredAPIVersion: { tag: 2, type: 'string', always: true },
        objects: { tag: 3, list: 'RawExtension', always: true },
      },
    },
    ConversionResponse: {
      fields: {
        uid: { tag: 1, type: 'string', always: true },
        convertedObjects: { tag: 2, list: 'RawExtension', always: true },
        result: { tag: 3, type: 'meta/v1.Status', always: true },
      },
    },
    ConversionReview: {
      fields: {
        request: { tag: 1, type: 'ConversionRequest', pointer: true },
        response: { tag: 2, type: 'ConversionResponse', pointer: true },
      },
    },
    CustomResourceColumnDefinition: {
      fields: {
        name: { tag: 1, type: 'string', required: true, always: true },
        type: { tag: 2, type: 'string', required: true, always: true },
        format: { tag: 3, type: 'string' },
        description: { tag: 4, type: 'string' },
        priority: { tag: 5, type: 'int32' },
        jsonPath: { tag: 6, type: 'string', required: true, always: true },
      },
    },
    CustomResourceConversion: {
      fields: {
        strategy: { tag: 1, type: 'string', required: true, always: true },
        webhook: { tag: 2, type: 'WebhookConversion', pointer: true },
      },
    },
    CustomResourceDefinition: {
      fields: {
        metadata: { tag: 1, type: 'meta/v1.ObjectMeta', always: true },
        spec: { tag: 2, type: 'CustomResourceDefinitionSpec', required: true, always: true },
        status: { tag: 3, type: 'CustomResourceDefinitionStatus', always: true },
      },
    },
    CustomResourceDefinitionCondition: {
      fields: {
        type: { tag: 1, type: 'string', required: true, always: true },
        status: { tag: 2, type: 'string', required: true, always: true },
        lastTransitionTime: { tag: 3, type: 'Time', always: true },
        reason: { tag: 4, type: 'string' },
        message: { tag: 5, type: 'string' },
        observedGeneration: { tag: 6, type: 'int64' },
      },
    },
    CustomResourceDefinitionList: {
      fields: {
        metadata: { tag: 1, type: 'meta/v1.ListMeta', always: true },
        items: { tag: 2, list: 'CustomResourceDefinition', required: true, always: true },
      },
    },
    CustomResourceDefinitionNames: {
      fields: {
        plural: { tag: 1, type: 'string', required: true, always: true },
        singular: { tag: 2, type: 'string' },
        shortNames: { tag: 3, list: 'string', listType: 'atomic' },
        kind: { tag: 4, type: 'string', required: true, always: true },
        listKind: { tag: 5, type: 'string' },
        categories: { tag: 6, list: 'string', listType: 'atomic' },
      },
    },
    CustomResourceDefinitionSpec: {
      fields: {
        group: { tag: 1, type: 'string', required: true, always: true },
        names: { tag: 3, type: 'CustomResourceDefinitionNames', required: true, always: true },
        scope: { tag: 4, type: 'string', required: true, always: true },
        versions: { tag: 7, list: 'CustomResourceDefinitionVersion', required: true, always: true, listType: 'atomic' },
        conversion: { tag: 9, type: 'CustomResourceConversion', pointer: true },
        preserveUnknownFields: { tag: 10, type: 'bool' },
      },
    },
    CustomResourceDefinitionStatus: {
      fields: {
        conditions: { tag: 1, list: 'CustomResourceDefinitionCondition', always: true, listType: 'map', keys: ['type'] },
        acceptedNames: { tag: 2, type: 'CustomResourceDefinitionNames', always: true },
        storedVersions: { tag: 3, list: 'string', always: true, listType: 'atomic' },
        observedGeneration: { tag: 4, type: 'int64' },
      },
    },
    CustomResourceDefinitionVersion: {
      fields: {
        name: { tag: 1, type: 'string', required: true, always: true },
        served: { tag: 2, type: 'bool', required: true, always: true },
        storage: { tag: 3, type: 'bool', required: true, always: true },
        deprecated: { tag: 7, type: 'bool' },
        deprecationWarning: { tag: 8, type: 'string', pointer: true },
        schema: { tag: 4, type: 'CustomResourceValidation', pointer: true },
        subresources: { tag: 5, type: 'CustomResourceSubresources', pointer: true },
        additionalPrinterColumns: { tag: 6, list: 'CustomResourceColumnDefinition', listType: 'atomic' },
        selectableFields: { tag: 9, list: 'SelectableField', listType: 'atomic' },
      },
    },
    CustomResourceSubresourceScale: {
      fields: {
        specReplicasPath: { tag: 1, type: 'string', required: true, always: true },
        statusReplicasPath: { tag: 2, type: 'string', required: true, always: true },
        labelSelectorPath: { tag: 3, type: 'string', pointer: true },
      },
    },
    CustomResourceSubresourceStatus: {
      fields: {},
    },
    CustomResourceSubresources: {
      fields: {
        status: { tag: 1, type: 'CustomResourceSubresourceStatus', pointer: true },
        scale: { tag: 2, type: 'CustomResourceSubresourceScale', pointer: true },
      },
    },
    CustomResourceValidation: {
      fields: {
        openAPIV3Schema: { tag: 1, type: 'JSONSchemaProps', pointer: true },
      },
    },
    ExternalDocumentation: {
      fields: {
        description: { tag: 1, type: 'string' },
        url: { tag: 2, type: 'string' },
      },
    },
    JSONSchemaProps: {
      fields: {
        id: { tag: 1, type: 'string' },
        $schema: { tag: 2, type: 'string' },
        $ref: { tag: 3, type: 'string', pointer: true },
        description: { tag: 4, type: 'string' },
        type: { tag: 5, type: 'string' },
        format: { tag: 6, type: 'string' },
        title: { tag: 7, type: 'string' },
        default: { tag: 8, type: 'JSON', pointer: true },
        maximum: { tag: 9, type: 'double', pointer: true },
        exclusiveMaximum: { tag: 10, type: 'bool' },
        minimum: { tag: 11, type: 'double', pointer: true },
        exclusiveMinimum: { tag: 12, type: 'bool' },
        maxLength: { tag: 13, type: 'int64', pointer: true },
        minLength: { tag: 14, type: 'int64', pointer: true },
        pattern: { tag: 15, type: 'string' },
        maxItems: { tag: 16, type: 'int64', pointer: true },
        minItems: { tag: 17, type: 'int64', pointer: true },
        uniqueItems: { tag: 18, type: 'bool' },
        multipleOf: { tag: 19, type: 'double', pointer: true },
        enum: { tag: 20, list: 'JSON', listType: 'atomic' },
        maxProperties: { tag: 21, type: 'int64', pointer: true },
        minProperties: { tag: 22, type: 'int64', pointer: true },
        required: { tag: 23, list: 'string', listType: 'atomic' },
        items: { tag: 24, type: 'JSONSchemaPropsOrArray', pointer: true },
        allOf: { tag: 25, list: 'JSONSchemaProps', listType: 'atomic' },
        oneOf: { tag: 26, list: 'JSONSchemaProps', listType: 'atomic' },
        anyOf: { tag: 27, list: 'JSONSchemaProps', listType: 'atomic' },
        not: { tag: 28, type: 'JSONSchemaProps', pointer: true },
        properties: { tag: 29, map: 'JSONSchemaProps' },
        additionalProperties: { tag: 30, type: 'JSONSchemaPropsOrBool', pointer: true },
        patternProperties: { tag: 31, map: 'JSONSchemaProps' },
        dependencies: { tag: 32, map: 'JSONSchemaPropsOrStringArray' },
        additionalItems: { tag: 33, type: 'JSONSchemaPropsOrBool', pointer: true },
        definitions: { tag: 34, map: 'JSONSchemaProps' },
        externalDocs: { tag: 35, type: 'ExternalDocumentation', pointer: true },
        example: { tag: 36, type: 'JSON', pointer: true },
        nullable: { tag: 37, type: 'bool' },
        'x-kubernetes-preserve-unknown-fields': { tag: 38, type: 'bool', pointer: true },
        'x-kubernetes-embedded-resource': { tag: 39, type: 'bool' },
        'x-kubernetes-int-or-string': { tag: 40, type: 'bool' },
        'x-kubernetes-list-map-keys': { tag: 41, list: 'string', listType: 'atomic' },
        'x-kubernetes-list-type': { tag: 42, type: 'string', pointer: true },
        'x-kubernetes-map-type': { tag: 43, type: 'string', pointer: true },
        'x-kubernetes-validations': { tag: 44, list: 'ValidationRule', listType: 'map', keys: ['rule'], patch: 'merge', mergeKey: 'rule' },
      },
    },
    JSONSchemaPropsOrArray: {
      fields: {
        schema: { tag: 1, type: 'JSONSchemaProps' },
        jSONSchemas: { tag: 2, list: 'JSONSchemaProps' },
      },
    },
    JSONSchemaPropsOrBool: {
      fields: {
        allows: { tag: 1, type: 'bool' },
        schema: { tag: 2, type: 'JSONSchemaProps' },
      },
    },
    JSONSchemaPropsOrStringArray: {
      fields: {
        schema: { tag: 1, type: 'JSONSchemaProps' },
        property: { tag: 2, list: 'string' },
      },
    },
    SelectableField: {
      fields: {
        jsonPath: { tag: 1, type: 'string', required: true, always: true },
      },
    },
    ServiceReference: {
      fields: {
        namespace: { tag: 1, type: 'string', required: true, always: true },
        name: { tag: 2, type: 'string', required: true, always: true },
        path: { tag: 3, type: 'string', pointer: true },
        port: { tag: 4, type: 'int32', pointer: true },
      },
    },
    ValidationRule: {
      fields: {
        rule: { tag: 1, type: 'string', required: true, always: true },
        message: { tag: 2, type: 'string' },
        messageExpression: { tag: 3, type: 'string' },
        reason: { tag: 4, type: 'string', pointer: true, enum: ['FieldValueDuplicate', 'FieldValueForbidden', 'FieldValueInvalid', 'FieldValueRequired'] },
        fieldPath: { tag: 5, type: 'string' },
        optionalOldSelf: { tag: 6, type: 'bool', pointer: true },
      },
    },
    WebhookClientConfig: {
      fields: {
        url: { tag: 3, type: 'string', pointer: true },
        service: { tag: 1, type: 'ServiceReference', pointer: true },
        caBundle: { tag: 2, type: 'bytes' },
      },
    },
    WebhookConversion: {
      fields: {
        clientConfig: { tag: 2, type: 'WebhookClientConfig', pointer: true },
        conversionReviewVersions: { tag: 3, list: 'string', required: true, always: true, listType: 'atomic' },
      },
    },
  },
};
