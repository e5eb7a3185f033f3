#!/usr/bin/env node
/**
 * The command `apple-gfx`: parses the command line and runs one sub-command; each has a file of its own. What only one of them needs is loaded
 * when it is run. npm installs this file's bundle as the command.
 */
import { Command, CommanderError, Option } from 'commander';
import { DeadlockError, describeError } from '../base/errors.js';
import { MAX_DISPLAYS } from '../base/limits.js';
import { parseMode } from '../device/display-mode.js';
import { tracePattern, TRACE_FORMATS } from '../trace/events.js';
import { BRIDGE_CHOICES, type BridgeChoice } from '../bridge/pvg.js';
import { REVISION_NAMES } from '../revisions/revision.js';
import { DEFAULT_REVISION } from '../revisions/revisions.js';
import { VERSION } from '../runtime/version.js';
import {
  budget,
  dashboard,
  descriptor,
  displays,
  inFile,
  integer,
  mode,
  outFile,
  qmp,
  socketPath,
  trace,
  vectors,
  vnc,
} from './argument-parsers.js';
import type { BenchOptions } from './bench.js';
import { TOLERANCE } from './bench-report.js';
import type { ExploreFlags } from './explore-flags.js';
import { DEFAULT_DASHBOARD } from './dashboard.js';
import { DEADLOCKED } from './exit-codes.js';
import type { RunOptions } from './run.js';
import type { ServeOptions } from './serve.js';
import { addTraceCommands } from './trace-commands.js';
import { UsageError } from './usage-error.js';
import { addViewingCommands } from './viewing-commands.js';

const WRONG_USAGE = 2;
/** Frames of a run that nobody has said anything of. */
const DEFAULT_FRAMES = 300;

interface RunFlags extends Omit<RunOptions, 'vsync'> {
  readonly vsync: 'on' | 'off';
}

interface ServeFlags extends Omit<ServeOptions, 'vsync'> {
  readonly vsync: 'on' | 'off';
}

type BenchFlags = Omit<BenchOptions, 'scale'>;

const vsyncOption = (): Option =>
  new Option('--vsync <on|off>', "show frames at the mode's rate, or as they come").choices(['on', 'off']).default('on');
const displayOption = (): Option =>
  new Option(
    '--display <vnc=HOST:N>',
    'show it to VNC viewers; with ,websocket to pages too, with ,password-file=FILE to who knows it',
  ).argParser(vnc);
const qtestOption = (): Option =>
  new Option(
    '--qtest <unix:PATH>',
    "no guest: a client of QEMU's qtest protocol on a Unix socket there takes its part, and moves the clock",
  ).argParser(qmp);
const qmpOption = (): Option => new Option('--qmp <unix:PATH>', "a monitor of QEMU's protocol on a Unix socket there").argParser(qmp);
const dashboardOption = (): Option =>
  new Option(
    '--dashboard [HOST:PORT]',
    'show it on a page of its own, at the address that is printed (default: a free port, loopback only)',
  )
    .argParser(dashboard)
    .preset(DEFAULT_DASHBOARD);
const controlOption = (): Option => new Option('--control', 'let that page change something').default(false);
const bridgeOption = (what: string): Option => new Option('--bridge <name>', what).choices([...BRIDGE_CHOICES]).default('auto');
const traceOption = (): Option =>
  new Option('--trace <glob>', 'print trace events, for example apple_gfx_*, or -apple_gfx_write to leave one out; repeatable')
    .argParser(trace)
    .default([], 'none');
const traceFileOption = (): Option => new Option('--trace-file <file>', 'write them there instead of stderr').argParser(outFile);
const tracePrefixOption = (): Option => new Option('--trace-prefix', "put thread and time in front, as QEMU's log does").default(false);
const recordOption = (): Option =>
  new Option('--record <file>', 'record what the threads do and the displays show, for apple-gfx open').argParser(outFile);
const recordLastOption = (): Option =>
  new Option('--record-last <seconds>', 'of that keep the last seconds, written when something goes wrong and at the end').argParser(
    integer,
  );

const program = new Command('apple-gfx')
  .description("QEMU's Apple paravirtual GPU device, as actors on worker threads")
  .version(VERSION)
  .showSuggestionAfterError(false)
  .exitOverride()
  .configureOutput({ outputError: (text, write) => write(text.replace(/^error:/, 'apple-gfx:')) });

program
  .command('run')
  .description('run a guest that draws a moving picture through the device')
  .exitOverride()
  .addOption(new Option('--frames <n>', 'frames the guest draws (default: 300; with --dashboard, until interrupted)').argParser(integer))
  .addOption(new Option('--seconds <n>', 'let it draw for so long instead').argParser(integer))
  .addOption(new Option('--mode <WxH@Hz>', 'display mode (default: 1440x1080@60, or what the restored device has)').argParser(mode))
  .addOption(new Option('--displays <n>', 'displays the guest draws on, 1 to 8 (default: 1)').argParser(displays))
  .addOption(vsyncOption())
  .option('--headless', 'nobody looks: frames are rendered, and copied for --out only', false)
  .addOption(new Option('--variant <name>', "which of QEMU's two devices (default: mmio)").choices(['mmio', 'pci']))
  .addOption(
    new Option('--revision <name>', "which design of the device's threading; the older ones have their faults")
      .choices(REVISION_NAMES)
      .default(DEFAULT_REVISION),
  )
  .addOption(dashboardOption())
  .addOption(controlOption())
  .addOption(
    bridgeOption("whose PVG: Apple's framework or the software one, whose packets the guest sends, and which auto is with a guest"),
  )
  .addOption(displayOption())
  .addOption(qmpOption())
  .addOption(qtestOption())
  .addOption(new Option('--qtest-log <file>', 'write what goes over that socket there').argParser(outFile))
  .addOption(new Option('--out <file.png>', 'write the last frame there').argParser(outFile))
  .addOption(new Option('--save <file>', 'save the device there when the guest has drawn its frames').argParser(outFile))
  .addOption(new Option('--restore <file>', 'go on with a device and its guest that were saved').argParser(inFile))
  .addOption(traceOption())
  .addOption(traceFileOption())
  .addOption(tracePrefixOption())
  .addOption(recordOption())
  .addOption(recordLastOption())
  .option('--json', 'end with one line of JSON on stdout', false)
  .addHelpText('after', '\nExit codes: 0 done, 1 the device or the guest failed, 2 wrong usage, 3 the device deadlocked, 130 interrupted.')
  .action(async (flags: RunFlags) => {
    const { run } = await import('./run.js');
    process.exitCode = await run({
      ...flags,
      frames: flags.frames ?? (flags.dashboard === undefined ? DEFAULT_FRAMES : undefined),
      seconds: flags.seconds,
      dashboard: flags.dashboard,
      out: flags.out,
      display: flags.display,
      qmp: flags.qmp,
      qtest: flags.qtest,
      qtestLog: flags.qtestLog,
      traceFile: flags.traceFile,
      record: flags.record,
      recordLast: flags.recordLast,
      vsync: flags.vsync === 'on',
    });
  });

program
  .command('serve')
  .description('serve the pci device to QEMU (vfio-user-pci) and other virtual machine monitors, over a vfio-user socket')
  .exitOverride()
  .addOption(new Option('--socket-path <path>', 'make the Unix socket there, and serve one client after the other').argParser(socketPath))
  .addOption(
    new Option('--fd <n>', 'serve on that descriptor instead: a socket that listens, or one that is connected').argParser(descriptor),
  )
  .addOption(dashboardOption())
  .addOption(controlOption())
  .addOption(bridgeOption("whose PVG: Apple's framework, the software one, or the first of them that there is"))
  .addOption(displayOption())
  .addOption(qmpOption())
  .addOption(new Option('--romfile <file>', "the device's option ROM").argParser(inFile))
  .addOption(new Option('--mode <WxH@Hz>', 'the only display mode (default: 1920x1080, 1440x1080 and 1280x1024 at 60 Hz)').argParser(mode))
  .addOption(new Option('--displays <n>', 'displays of the device, 1 to 8 (default: 1)').argParser(displays))
  .addOption(new Option('--vectors <n>', 'MSI vectors, 1 to 32 (default: 32)').argParser(vectors))
  .addOption(vsyncOption())
  .addOption(traceOption())
  .addOption(traceFileOption())
  .addOption(tracePrefixOption())
  .addOption(recordOption())
  .addOption(recordLastOption())
  .addHelpText(
    'after',
    `
QEMU 10.1 and later, with memory that can be shared:
  qemu-system-x86_64 -machine q35,memory-backend=m0 -object memory-backend-memfd,id=m0,size=4G,share=on \\
    -device '{"driver":"vfio-user-pci","socket":{"type":"unix","path":"PATH"}}'

Exit codes: 0 ended by a signal, QMP's quit, or its one client (--fd); 1 the device or the server failed, 2 wrong usage, 3 the device deadlocked.`,
  )
  .action(async (flags: ServeFlags) => {
    const { serve } = await import('./serve.js');
    process.exitCode = await serve({ ...flags, vsync: flags.vsync === 'on' });
  });

program
  .command('doctor')
  .description(
    "say what there is of Apple's framework on this machine, which bridge is used, and whether it makes a device: for a report of a fault",
  )
  .exitOverride()
  .addOption(bridgeOption('the bridge to look at'))
  .addHelpText('after', '\nExit codes: 0 a device was made, 1 none was, 2 wrong usage.')
  .action(async (flags: { readonly bridge: BridgeChoice }) => {
    const { doctor } = await import('./doctor.js');
    process.exitCode = await doctor(flags.bridge);
  });

program
  .command('bench')
  .description('measure the device against the same work in C and against what people would otherwise use')
  .exitOverride()
  .option('--json', 'print one JSON object on stdout instead of a table', false)
  .addOption(new Option('--baseline <file>', 'compare with what --json printed before').argParser(inFile))
  .addOption(
    new Option('--rows <glob>', 'rows to measure, for example write/*; repeatable')
      .argParser((glob: string, before: readonly string[]) => [...before, glob])
      .default([], 'all'),
  )
  .addOption(new Option('--runs <n>', 'runs of each side, of which the median counts').argParser(integer).default(5))
  .option('--quick', 'a tenth of the work: figures that are less steady', false)
  .addHelpText(
    'after',
    `\nExit codes: 0 measured, whether goals are met or not; 1 a row failed, or is worse than in the baseline by more than ${100 * TOLERANCE} %; 2 wrong usage.`,
  )
  .action(async (flags: BenchFlags) => {
    const { bench } = await import('./bench.js');
    process.exitCode = await bench({ ...flags, baseline: flags.baseline });
  });

program
  .command('explore')
  .description('search a world for schedules that break a property: the device, or a module of your own')
  .argument('[world]', 'name of a world, or path of a module that exports some; without it, the worlds are listed')
  .exitOverride()
  .addOption(
    new Option('--revision <name>', "which design of the device's threading, or all")
      .choices([...REVISION_NAMES, 'all'])
      .default(DEFAULT_REVISION),
  )
  .option('--strategy <name>', 'how schedules are chosen; --strategies says which there are')
  .option('--strategies', 'list the strategies', false)
  .addOption(new Option('--budget <n|seconds>', 'schedules, or seconds as in 30s').argParser(budget).default({ seconds: 30 }, '30s'))
  .addOption(new Option('--workers <n>', 'threads that search').argParser(integer).default(1))
  .addOption(new Option('--seed <n>', 'what sampling begins with').argParser(integer).default(1))
  .option('--compare', 'compare the revisions of the device, property by property, by all states of every world', false)
  .option('--keep-going', 'go on after a fault, and find the first of each property', false)
  .option('--json', 'print a line of JSON for each world on stdout', false)
  .addOption(new Option('--junit <file>', 'write JUnit XML there').argParser(outFile))
  .addOption(
    new Option('--dashboard [host:port]', 'serve a page that runs worlds and goes through what is found (default: 127.0.0.1, a free port)'),
  )
  .addHelpText(
    'after',
    '\nExit codes: 0 proved or clean, 1 fault found, 2 wrong usage, 3 a world is not the same each time, 4 the engine failed, 130 interrupted.',
  )
  .action(async (world: string | undefined, flags: ExploreFlags) => {
    const { exploreFlags } = await import('./explore-flags.js');
    process.exitCode = await exploreFlags(world, flags);
  });

program
  .command('replay')
  .description('run a saved schedule, and show each step')
  .argument('<schedule>', 'a schedule, which begins with s1/, or a file that has one')
  .argument('[world]', "path of the world's module, if it isn't one that explore knows by name")
  .exitOverride()
  .addHelpText('after', '\nExit codes: 0 nothing failed, 1 a property broke, 2 wrong usage, 4 the engine failed.')
  .action(async (schedule: string, world: string | undefined) => {
    const { replayCommand } = await import('./replay.js');
    process.exitCode = await replayCommand({ schedule, world });
  });

addViewingCommands(program);
addTraceCommands(program);

/** Carries out the process's command line, and sets its exit code. */
async function main(): Promise<void> {
  try {
    await program.parseAsync();
  } catch (error) {
    if (error instanceof CommanderError) {
      // Commander has printed its line; --help and --version end well, everything else is wrong usage.
      process.exitCode = error.exitCode === 0 ? 0 : WRONG_USAGE;
    } else {
      process.stderr.write(`apple-gfx: ${describeError(error)}\n`);
      process.exitCode = error instanceof DeadlockError ? DEADLOCKED : error instanceof UsageError ? WRONG_USAGE : 1;
    }
  }
}

void main();
