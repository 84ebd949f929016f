import { expect, test } from 'vitest';
import { fileOf } from '../../schema/resolve.ts';
import { groupVersions } from '../groups.ts';
import { model } from '../model.ts';
import { loadDocs, parseDocs } from './docs.ts';
import { texts } from './texts.ts';

const files = new Map(groupVersions.map((gv) => [fileOf(gv), gv]));

test('every kind has a description, and every field of every type', async () => {
  const docs = await loadDocs();
  const missing: string[] = [];
  for (const [file, gv] of files) {
    for (const { kind } of gv.resources) if (!docs.type(`${file}.${kind}`)) missing.push(`${file}.${kind}`);
    for (const type of Object.keys(gv.types)) {
      const name = `${file}.${type}`;
      if (!docs.type(name)) missing.push(name);
      for (const field of model.type(name).fields.keys())
        if (!docs.field(name, field)) missing.push(`${name}.${field}`);
    }
  }
  expect(missing).toEqual([]);
});

test('every description is of something that there is', () => {
  const stray: string[] = [];
  for (const [file, text] of Object.entries(texts)) {
    const types = files.get(file)?.types ?? {};
    for (const [type, { fields, like }] of parseDocs(text)) {
      if (!types[type]) stray.push(`${file}.${type}`);
      if (like !== undefined && !types[like]) stray.push(`${file}.${type} < ${like}`);
      const known = types[type] ? model.type(`${file}.${type}`).fields : new Map();
      for (const field of fields.keys()) if (!known.has(field)) stray.push(`${file}.${type}.${field}`);
    }
  }
  expect(stray).toEqual([]);
});

test('sentences are sentences', () => {
  for (const text of Object.values(texts)) {
    for (const { type, fields } of parseDocs(text).values()) {
      for (const sentence of [type, ...fields.values()]) expect(sentence).toMatch(/^\S.*[.]$/);
    }
  }
});
