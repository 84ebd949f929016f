import type { GroupVersionData } from '../../schema/model.ts';

/** events.k8s.io/v1. */
export const eventsV1: GroupVersionData = {
  group: 'events.k8s.io',
  version: 'v1',
  package: 'k8s.io.api.events.v1',
  resources: [
    {
      resource: 'events',
      singular: 'event',
      kind: 'Event',
      namespaced: true,
      verbs: ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'],
      shortNames: ['ev'],
      columns: [
        ['Last Seen', 'string', '', 0],
        ['Type', 'string', '', 0],
        ['Reason', 'string', '', 0],
        ['Object', 'string', '', 0],
        ['Subobject', 'string', '', 1],
        ['Source', 'string', '', 1],
        ['Message', 'string', '', 0],
        ['First Seen', 'string', '', 1],
        ['Count', 'string', '', 1],
        ['Name', 'string', 'name', 1],
      ],
    },
  ],
  types: {
    Event: {
      fields: {
        metadata: { tag: 1, type: 'meta/v1.ObjectMeta', always: true },
        eventTime: { tag: 2, type: 'MicroTime', required: true, always: true },
        series: { tag: 3, type: 'EventSeries', pointer: true },
        reportingController: { tag: 4, type: 'string' },
        reportingInstance: { tag: 5, type: 'string' },
        action: { tag: 6, type: 'string' },
        reason: { tag: 7, type: 'string' },
        regarding: { tag: 8, type: 'core/v1.ObjectReference', always: true },
        related: { tag: 9, type: 'core/v1.ObjectReference', pointer: true },
        note: { tag: 10, type: 'string' },
        type: { tag: 11, type: 'string' },
        deprecatedSource: { tag: 12, type: 'core/v1.EventSource', always: true },
        deprecatedFirstTimestamp: { tag: 13, type: 'Time', always: true },
        deprecatedLastTimestamp: { tag: 14, type: 'Time', always: true },
        deprecatedCount: { tag: 15, type: 'int32' },
      },
    },
    EventList: {
      fields: {
        metadata: { tag: 1, type: 'meta/v1.ListMeta', always: true },
        items: { tag: 2, list: 'Event', required: true, always: true },
      },
    },
    EventSeries: {
      fields: {
        count: { tag: 1, type: 'int32', required: true, always: true },
        lastObservedTime: { tag: 2, type: 'MicroTime', required: true, always: true },
      },
    },
  },
};
