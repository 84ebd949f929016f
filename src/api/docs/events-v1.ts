/** What events/v1's types and fields are for. */
export const eventsV1Docs = `
Event: Something that happened to an object. Kept for a while; do not build on it.
  eventTime: When it was first seen.
  series: How it has gone on, for one that repeats.
  reportingController: Name of the controller that says so.
  reportingInstance: Which instance of that controller.
  action: What was done about it.
  reason: Why it was done, in one word.
  regarding: To what it happened.
  related: Another object that has to do with it.
  note: What happened, for people.
  type: Normal or Warning.
  deprecatedSource: As source of the core Event.
  deprecatedFirstTimestamp: As firstTimestamp of the core Event.
  deprecatedLastTimestamp: As lastTimestamp of the core Event.
  deprecatedCount: As count of the core Event.
EventSeries: How an event has gone on.
  count: How often it has happened.
  lastObservedTime: When it was last seen.
`;
