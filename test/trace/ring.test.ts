/**
 * Trace rings: what a reader sees of what a thread notes, and a device's history put together from its threads' rings.
 */
import { Worker } from 'node:worker_threads';
import { describe, expect, it } from 'vitest';
import { messageName } from '../../actors/messages.js';
import { TRACE_RING_ENTRIES } from '../../src/base/limits.js';
import { Upcall } from '../../src/bridge/pvg.js';
import { RING_FIELDS, TRACE_IDS, TRACE_NAMES } from '../../src/trace/events.js';
import { RING_ARGUMENTS, TraceRing } from '../../src/trace/ring.js';
import { TraceSwitches } from '../../src/trace/switches.js';
import { Tracer, traceEvent } from '../../src/trace/tracer.js';

describe('a trace ring', () => {
  it('shows what was published, oldest first, with its thread and time', () => {
    const ring = new TraceRing();
    ring.thread = 42;
    ring.note(1000, 3, 7, 8, 9, 6);
    ring.publish();
    ring.note(2000, 4, 0, 0, 0, 0);
    const entry = { thread: 42, nanoseconds: 1000, event: 3, args: [7, 8, 9, 6] };
    expect(new TraceRing(ring.memory).read()).toEqual([entry]);
    ring.publish();
    expect(new TraceRing(ring.memory).read().map(({ event }) => event)).toEqual([3, 4]);
  });

  it('keeps the newest entries, and none that may be written over while it is read', () => {
    const ring = new TraceRing();
    const total = 3 * TRACE_RING_ENTRIES + 5;
    for (let index = 0; index < total; index++) ring.note(index, 0, index, 0, 0, 0);
    ring.publish();
    const seen = ring.read().map(({ args }) => args[0]);
    expect(seen.at(-1)).toBe(total - 1);
    expect(seen.length).toBeGreaterThan(TRACE_RING_ENTRIES - 65);
    expect(seen).toEqual(Array.from({ length: seen.length }, (_, index) => total - seen.length + index));
  });

  it('shows no entry that is half old and half new, whatever its thread does meanwhile', async () => {
    const { memory } = new TraceRing();
    const source = `
      const { parentPort, workerData } = require('node:worker_threads');
      import(workerData.module).then(({ TraceRing }) => {
        const ring = new TraceRing(workerData.memory);
        parentPort.postMessage('begun');
        for (let index = 1; index <= 3_000_000; index++) {
          ring.note(index, index % 1000, index, -index, 2 * index, 0);
          if (index % 7 === 0) ring.publish();
        }
      });`;
    const module = new URL('../../dist/src/trace/ring.js', import.meta.url).href;
    const worker = new Worker(source, { eval: true, workerData: { memory, module } });
    let running = true;
    worker.once('exit', () => {
      running = false;
    });
    await new Promise((resolve) => worker.once('message', resolve));
    const reader = new TraceRing(memory);
    let read = 0;
    while (running) {
      for (const { nanoseconds: index, event, args } of reader.read()) {
        read++;
        if (event !== index % 1000 || args[0] !== index || args[1] !== -index || args[2] !== 2 * index) {
          throw new Error(`entry ${index} is torn: ${event} ${args.join(' ')}`);
        }
      }
      await new Promise(setImmediate);
    }
    expect(read).toBeGreaterThan(0);
  });
});

describe('a tracer with a ring', () => {
  it('notes events that are not switched on, with the time of the last tick', () => {
    const ring = new TraceRing();
    const lines: string[] = [];
    let now = 5;
    const tracer = new Tracer([], (line) => lines.push(line), { ring, now: () => now, kindName: messageName });
    tracer.tick();
    now = 6;
    tracer.note(TRACE_IDS.agfx_bh_began, Upcall.mapMemory, 11, 3);
    tracer.emit('apple_gfx_raise_irq', { vector: 9 });
    tracer.publish();
    expect(lines).toEqual([]);
    expect(ring.read().map((entry) => traceEvent(entry, messageName))).toEqual([
      { thread: 0, nanoseconds: 5, name: 'agfx_bh_began', args: { kind: 'mapMemory', id: 11, cause: 3 } },
      { thread: 0, nanoseconds: 5, name: 'apple_gfx_raise_irq', args: { vector: 9 } },
    ]);
  });

  it('has room for the arguments of every event', () => {
    for (const name of TRACE_NAMES) expect([name, RING_FIELDS[name].length <= RING_ARGUMENTS]).toEqual([name, true]);
  });

  it('is not asked for anything by one without a ring whose events are all off', () => {
    const tracer = new Tracer([], () => undefined);
    expect([tracer.active, tracer.hasActorEvents]).toEqual([false, false]);
  });

  it('looks at what is switched when it ticks, and tells that it found something else', () => {
    const switches = TraceSwitches.of(['apple_gfx_*', '-apple_gfx_write']);
    const lines: string[] = [];
    const tracer = new Tracer(new TraceSwitches(switches.memory), (line) => lines.push(line));
    let told = 0;
    tracer.onSwitched = () => told++;
    const noteAll = (): void => {
      tracer.note(TRACE_IDS.apple_gfx_write);
      tracer.note(TRACE_IDS.apple_gfx_raise_irq, 1);
      tracer.note(TRACE_IDS.agfx_job_began, 2);
    };
    noteAll();
    switches.set((name) => name === 'agfx_job_began', true);
    switches.set((name) => name === 'apple_gfx_raise_irq', false);
    noteAll();
    expect(lines).toEqual(['apple_gfx_raise_irq vector=0x1', 'apple_gfx_raise_irq vector=0x1']);
    tracer.tick();
    tracer.tick();
    expect([told, tracer.active, tracer.hasActorEvents]).toEqual([1, true, true]);
    noteAll();
    expect(lines.slice(2)).toEqual(['agfx_job_began job=2']);
    switches.set(() => true, false);
    tracer.tick();
    expect([told, tracer.active, tracer.hasActorEvents]).toEqual([2, false, false]);
  });
});
