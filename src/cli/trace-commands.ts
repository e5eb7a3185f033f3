/**
 * `apple-gfx trace …` on the command line: what its sub-commands take, and where they are carried out.
 *
 * Invariant: what carries them out (trace.ts) is loaded by who asks for it only.
 */
import { type Command, Option } from 'commander';
import type { TraceFormat } from '../visualiser/convert/convert.js';

const TRACE_EXIT_CODES = '1 the file is incomplete (what is whole is used, standard error says what is missing)';

/** Adds them to the program. */
export function addTraceCommands(program: Command): void {
  const traceProgram = program.command('trace').description('convert, check and describe recordings and logs of QEMU').exitOverride();

  traceProgram
    .command('convert')
    .description("write a recording, or a log of QEMU's, in another tool's format")
    .argument('<in>', 'a recording (run --record), or a log with apple_gfx_* events; - for standard input')
    .argument('<out>', 'the file to write, - for standard output')
    .addOption(
      new Option('--to <format>', 'the format').choices(['perfetto', 'chrome', 'shiviz', 'qemu-log', 'simpletrace']).makeOptionMandatory(),
    )
    .exitOverride()
    .addHelpText('after', `\nExit codes: 0 done; ${TRACE_EXIT_CODES}; 2 wrong usage.`)
    .action(async (from: string, to: string, { to: format }: { to: TraceFormat }) => {
      const { convertCommand } = await import('./trace.js');
      process.exitCode = await convertCommand(format, from, to);
    });

  traceProgram
    .command('check')
    .description("look for what doesn't fit the device's machines, and name it")
    .argument('<file>', 'a recording or a log, - for standard input')
    .exitOverride()
    .addHelpText('after', `\nExit codes: 0 everything fits; 1 something doesn't, or ${TRACE_EXIT_CODES.slice(2)}; 2 wrong usage.`)
    .action(async (file: string) => {
      const { checkCommand } = await import('./trace.js');
      process.exitCode = await checkCommand(file);
    });

  traceProgram
    .command('info')
    .description('say what is in it: threads, events, time, frames')
    .argument('<file>', 'a recording or a log, - for standard input')
    .exitOverride()
    .addHelpText('after', `\nExit codes: 0 done; ${TRACE_EXIT_CODES}; 2 wrong usage.`)
    .action(async (file: string) => {
      const { infoCommand } = await import('./trace.js');
      process.exitCode = await infoCommand(file);
    });

  traceProgram
    .command('events')
    .description("declare the events as QEMU's trace-events files do, for its scripts/simpletrace.py")
    .exitOverride()
    .action(async () => {
      const { eventsCommand } = await import('./trace.js');
      process.exitCode = eventsCommand();
    });
}
