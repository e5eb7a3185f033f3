/**
 * `npm run test:qemu`: the device in a real QEMU, driven by a real Linux guest.
 *
 *   node test/qemu/run.mjs [--server ours|c] [--only SCENARIO] [--measure] [--no-fetch] [--keep]
 *
 * Exit codes: 0 every check passed, 1 one failed, 2 this machine can't run it, and why, or wrong usage. It prints a line for each check.
 */
import { parseArgs } from 'node:util';
import { fetchParts } from './fetch.mjs';
import { measure } from './measure.mjs';
import { Missing } from './missing.mjs';
import { SCENARIOS } from './scenarios.mjs';
import { Stage } from './stage.mjs';

const HELP = `Usage: node test/qemu/run.mjs [options]

Boots a Linux guest in a real QEMU, which drives the device over vfio-user, and checks what the guest and the viewers see.
QEMU, a kernel and busybox are fetched by this machine's apt into a cache folder (\${XDG_CACHE_HOME:-~/.cache}/apple-gfx/qemu).

  --server ours|c   apple-gfx serve (the default), or the same device on a plain C loop (no pictures are compared then)
  --only SCENARIO   of ${Object.keys(SCENARIOS).join(', ')}; may be given more than once
  --measure         instead: reads a second, and doorbell to wake, of both servers
  --no-fetch        use what was fetched before, or end with exit code 2
  --keep            keep the folder with sockets and pictures
  --help`;

const say = (text) => console.log(`... ${text}`);

function parse() {
  try {
    const { values } = parseArgs({
      options: {
        server: { type: 'string', default: 'ours' },
        only: { type: 'string', multiple: true },
        measure: { type: 'boolean', default: false },
        'no-fetch': { type: 'boolean', default: false },
        keep: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    });
    const unknown = values.only?.find((name) => !(name in SCENARIOS));
    if (unknown !== undefined) throw new TypeError(`there is no scenario '${unknown}', only ${Object.keys(SCENARIOS).join(', ')}`);
    if (!['ours', 'c'].includes(values.server)) throw new TypeError(`--server is 'ours' or 'c', not '${values.server}'`);
    return values;
  } catch (error) {
    console.error(`${error.message}\n\n${HELP}`);
    return null;
  }
}

async function play(stage, only) {
  const names = only ?? Object.keys(SCENARIOS);
  for (const name of names) {
    try {
      await SCENARIOS[name](stage);
    } catch (error) {
      // What a check found is told already.
      if (stage.failed === 0) console.log(`FAILED ${name}: ${error.stack}`);
      stage.failed += stage.failed === 0 ? 1 : 0;
      break;
    }
  }
  console.log(`${stage.passed} checks passed${stage.failed > 0 ? `, ${stage.failed} failed` : ''}`);
  return stage.failed > 0 ? 1 : 0;
}

async function main() {
  const options = parse();
  if (options === null) return 2;
  if (options.help) {
    console.log(HELP);
    return 0;
  }
  let stage = null;
  try {
    const parts = await fetchParts(say, !options['no-fetch']);
    say(parts.version);
    stage = await Stage.open({ parts, kind: options.measure ? 'ours' : options.server, keep: options.keep });
    for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => stage.close().finally(() => process.exit(1)));
    return options.measure ? await measure(stage) : await play(stage, options.only);
  } catch (error) {
    if (!(error instanceof Missing)) throw error;
    console.error(`test:qemu can't run here: ${error.message}`);
    return 2;
  } finally {
    await stage?.close();
  }
}

process.exitCode = await main();
