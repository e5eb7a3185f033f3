import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import * as layout from '../../src/guest/layout.js';

it('layout.ts has every number of layout.h, and no other', () => {
  const header = readFileSync('native/soft/layout.h', 'utf8');
  const defined = [...header.matchAll(/^#define (\w+) (0x[0-9a-f]+|\d+)u?\b/gm)].map(([, name, value]) => [name, Number(value)]);
  expect(defined.length).toBeGreaterThan(70);
  expect({ ...layout }).toEqual(Object.fromEntries(defined));
});
