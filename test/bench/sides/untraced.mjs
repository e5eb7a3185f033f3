/**
 * A copy of the build without tracing, to compare with: every statement that notes or prints an event is cut out, as if nobody had written it.
 *
 * Invariant: nothing else is changed, and a statement of the data path that was missed is an error rather than a flattering figure.
 */
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundle } from '../../../native/bundle.mjs';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));

/** `if (this.traces) …;`, `if (this.port.tracing) …;`: the statement that hangs on it goes too. */
const GUARDED = /\n\s*if \(this\.(?:traces|port\.tracing|tracing)\)\s*[^;{]*;/g;
/** Statements that trace unasked. */
const PLAIN = /\n\s*(?:this\.port|this\.device|this\.tracer|worker\.tracer|tracer)\.(?:note|trace|emit|publish|tick)\([^;]*\);/g;
/** The BQL actor's look at what has arrived, which is for traces only. */
const ARRIVED = /\n\s*this\.arrived\(record\);/g;

/** Files that every access goes through, and what must be left in none of them. */
const DATA_PATH = ['actors/bql/behaviour.js', 'src/device/mmio.js', 'actors/background-queue/thread.js', 'src/device/task.js'];
const LEFT = /(?:\.note\(TRACE_IDS|tracer\.(?:note|emit|publish)\()/;

/** Cuts the tracing out of a module's text; an empty statement stays, since an `else` may stand before it. */
export function withoutTracing(text) {
  return text.replace(GUARDED, '\n;').replace(PLAIN, '\n;').replace(ARRIVED, '');
}

function strip(folder) {
  for (const entry of readdirSync(folder, { withFileTypes: true, recursive: true })) {
    const path = join(entry.parentPath, entry.name);
    if (!entry.isFile() || !path.endsWith('.js') || path.includes(join('src', 'trace'))) continue;
    const text = readFileSync(path, 'utf8');
    const stripped = withoutTracing(text);
    if (stripped !== text) writeFileSync(path, stripped);
  }
}

/** What remains of the tracing functions that nobody calls any more is no fault. */
function check(dist) {
  for (const file of DATA_PATH) {
    const calls = readFileSync(join(dist, file), 'utf8').replace(/ {4}(?:noteMessage|traceAccess|traceEnd)\(.*?\n {4}\}\n/gs, '');
    const [left] = LEFT.exec(calls) ?? [];
    if (left !== undefined) throw new Error(`the copy without tracing still has ${left} in ${file}`);
  }
}

/** Makes the copy: where its sides are, and a function that removes it. Rejects with ERR_MODULE_NOT_FOUND where there is no esbuild. */
export async function untracedCopy() {
  const copy = mkdtempSync(join(tmpdir(), 'apple-gfx-untraced-'));
  const remove = () => rmSync(copy, { recursive: true, force: true });
  try {
    mkdirSync(join(copy, 'dist'));
    for (const folder of ['dist/src', 'dist/actors', 'test/bench', 'package.json'])
      cpSync(join(ROOT, folder), join(copy, folder), { recursive: true });
    for (const folder of ['dist/native', 'node_modules']) symlinkSync(join(ROOT, folder), join(copy, folder));
    strip(join(copy, 'dist'));
    check(join(copy, 'dist'));
    // Threads run bundles.
    await bundle(join(copy, 'dist'));
  } catch (error) {
    remove();
    throw error;
  }
  return { ours: join(copy, 'test/bench/sides/ours.mjs'), remove };
}
