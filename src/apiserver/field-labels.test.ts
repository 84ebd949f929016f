import { describe, expect, it } from 'vitest';
import { model } from '../api/model.ts';
import { inStoredFields } from './field-labels.ts';
import { buildResourceTable } from './resource-table.ts';
import { strategies } from './strategies/index.ts';

const events = buildResourceTable(model, strategies).find('events.k8s.io', 'v1', 'events');

describe('inStoredFields', () => {
  it('selects events by the fields of events.k8s.io', () => {
    if (!events) throw new Error('events are not served');
    const of = (fieldSelector: string) => inStoredFields(events, { fieldSelector }).fieldSelector;
    expect(of('regarding.name=a,reportingController!=b,type=Normal')).toBe(
      'involvedObject.name=a,reportingComponent!=b,type=Normal',
    );
    for (const field of ['involvedObject.name', 'reportingComponent', 'source', 'note']) {
      expect(() => of(`${field}=x`)).toThrow(`field label not supported: ${field}`);
    }
  });
});
