/**
 * Commands that show what was recorded, what runs, and what the machines are: `open`, `diagram`, `top`.
 *
 * Invariant: what carries them out is loaded by who asks for it only.
 */
import { type Command, Option } from 'commander';
import { dashboard, inFile, seconds } from './argument-parsers.js';
import { DEFAULT_DASHBOARD, type DashboardSetting, openRecording, parseDashboard } from './dashboard.js';
import type { DiagramOptions } from './diagram.js';
import type { TopOptions } from './top.js';

/** Adds them to the program. */
export function addViewingCommands(program: Command): void {
  program
    .command('open')
    .description('show a recording (run --record) on a page, at the address that is printed, until interrupted')
    .argument('<file>', 'the recording', inFile)
    .exitOverride()
    .addOption(
      new Option('--dashboard <HOST:PORT>', 'where to listen')
        .argParser(dashboard)
        .default(parseDashboard(DEFAULT_DASHBOARD), 'a free port, loopback only'),
    )
    .addHelpText('after', '\nExit codes: 0 ended by a signal, 1 it is no recording, 2 wrong usage.')
    .action(async (file: string, flags: { readonly dashboard: DashboardSetting }) => {
      process.exitCode = await openRecording(file, flags.dashboard);
    });

  program
    .command('diagram')
    .description("draw the device's state machines")
    .argument('[machine]', 'name of a machine, or a file of SCXML or of an XState definition (.json); without it, the machines are listed')
    .exitOverride()
    .option('--all', 'all machines, in one document', false)
    .addOption(new Option('--format <name>', 'what is written').choices(['svg', 'mermaid', 'dot', 'scxml', 'json']).default('svg'))
    .addOption(new Option('--out <file|folder>', 'write it there instead of stdout; into a folder, a file for each machine'))
    .addOption(
      new Option('--theme <name>', 'colours of an SVG; auto: those that whoever looks at it prefers')
        .choices(['light', 'dark', 'auto'])
        .default('auto'),
    )
    .addHelpText('after', '\nExit codes: 0 written, 2 wrong usage.')
    .action(async (machine: string | undefined, flags: Omit<DiagramOptions, 'machine'>) => {
      const { diagram } = await import('./diagram.js');
      process.exitCode = await diagram({ ...flags, machine, out: flags.out });
    });

  program
    .command('top')
    .description('show who is busy, who waits for whom, and what is wrong, in the terminal')
    .argument('[file|url]', "a recording, or the address that --dashboard printed; without it, the latest run of this user's")
    .exitOverride()
    .option('--once', 'print what there is as plain text, and end', false)
    .option('--json', 'print JSON: a line a second, with --once one', false)
    .addOption(new Option('--at <seconds>', 'of a recording: begin there, counted from its start').argParser(seconds))
    .addHelpText('after', '\nKeys: space, arrows, s, ?, q. Exit codes: 0 shown, 2 wrong usage.')
    .action(async (target: string | undefined, flags: Omit<TopOptions, 'target'>) => {
      const { top } = await import('./top.js');
      process.exitCode = await top({ ...flags, target, at: flags.at });
    });
}
