import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { MAX_REGION_SLOTS, MAX_REGIONS } from '../../src/base/limits.js';
import { CONFIG_FIELDS } from '../../src/bridge/device-config.js';
import { BRIDGE_VERSION, PROTOTYPES } from '../../src/bridge/native.js';
import { KIND_HOST, MAX_PORTS, OwnIosfc, PvgStatus, RegionFlag, TraceEvent, Upcall, UpcallClass } from '../../src/bridge/pvg.js';

const header = ['native/pvg_host.h', 'native/pvg_bridge.h', 'native/pvg_socket.h'].map((path) => readFileSync(path, 'utf8')).join('');
const plain = (text: string): string => text.replace(/\s+/g, ' ').replace(/struct \w+ \*/g, 'void *');

describe('the bridge in TypeScript agrees with pvg_host.h, pvg_bridge.h and pvg_socket.h', () => {
  it('on every function, in the same order', () => {
    const functions = [...header.matchAll(/PVG_API ([^;{]+?\));/g)].map(([, text]) => plain(text ?? ''));
    expect(functions.length).toBeGreaterThan(40);
    expect([...PROTOTYPES]).toEqual(functions);
  });

  it('on the version and the first kind of the host', () => {
    expect(header).toContain(`#define PVG_BRIDGE_VERSION ${BRIDGE_VERSION}u`);
    expect(header).toContain(`#define PVG_KIND_HOST 0x${KIND_HOST.toString(16)}u`);
  });

  it.each(Object.entries(Upcall))('on the upcall %s', (name, kind) => {
    const constant = `PVG_UPCALL_${name.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()}`;
    expect(header).toMatch(new RegExp(`\\b${constant} = ${kind}\\b`));
  });

  it.each(Object.entries(UpcallClass))('on the class %s', (name, number) => {
    expect(header).toMatch(new RegExp(`\\bPVG_CLASS_${name.toUpperCase()} = ${number}\\b`));
  });

  const snake = (name: string): string => name.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase();

  it.each([
    ...Object.entries(TraceEvent).map(([name, number]) => [`PVG_TRACE_${snake(name)}`, number] as const),
    ...Object.entries(OwnIosfc).map(([name, number]) => [`PVG_OWN_IOSFC_${snake(name)}`, number] as const),
    ...Object.entries(RegionFlag).map(([name, number]) => [`PVG_REGION_${snake(name)}`, number] as const),
  ])('on the constant %s', (constant, number) => {
    expect(header).toMatch(new RegExp(`\\b${constant} = ${number}\\b`));
  });

  it('on the slots of the memory map and how many ranges it may need', () => {
    expect(header).toMatch(new RegExp(`#define PVG_MAP_SLOTS ${MAX_REGION_SLOTS}u`));
    // Each region that is added begins one range and cuts one in two at most.
    expect(Number(/#define PVG_MAP_RANGES (\d+)u/.exec(header)?.[1])).toBeGreaterThanOrEqual(2 * MAX_REGIONS);
  });

  it('on the number of ports', () => {
    expect(header).toContain(`#define PVG_PORTS_MAX ${MAX_PORTS}u`);
  });

  it.each(Object.entries(PvgStatus).slice(1))('on the status %s', (name, status) => {
    const constant = `PVG_E_${name.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()}`;
    expect(header).toMatch(new RegExp(`\\b${constant} = ${status}\\b`));
  });

  it('on the fields of struct pvg_config', () => {
    const body = /struct pvg_config \{([\s\S]*?)\n\};/.exec(header)?.[1] ?? '';
    const constants: Record<string, number> = { PVG_CLASSES: Object.keys(UpcallClass).length, PVG_PORTS_MAX: MAX_PORTS };
    const fields = [...body.matchAll(/uint32_t (\w+)(?:\[(\w+)\])?;/g)].map(([, field, length]) => [
      field,
      constants[length ?? ''] ?? Number(length ?? 1),
    ]);
    expect(fields).toEqual([['version', 1], ...Object.entries(CONFIG_FIELDS), ['reserved', 1]]);
  });
});
