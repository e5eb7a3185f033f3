import { execFileSync, spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';

const cli = 'dist/src/cli/main.js';

describe('apple-gfx run', () => {
  it.each([
    [['--frames', 'many'], /--frames.*integer/],
    [['--frames', '0'], /--frames.*integer/],
    [['--mode', '1440'], /--mode.*<width>x<height>@<Hz>/],
    [['--mode', '1440x1080'], /--mode.*rate is missing/],
    [['--mode', '99999x2@60'], /--mode.*1\.\.65535/],
    [['--mode', '20000x2@60'], /--mode.*no surface is larger than 16384/],
    [['--vsync', 'maybe'], /--vsync.*on, off/],
    [['--variant', 'isa'], /--variant.*mmio, pci/],
    [['--trace', 'nothing_*'], /--trace.*No trace event/],
    [['--out', '/no/such/folder/x.png'], /--out.*does not exist/],
    [['--display', 'sdl'], /--display.*expected vnc=HOST:N/],
    [['--display', 'vnc=:100'], /--display.*N is 0\.\.99/],
    [['--display', 'vnc=:0,websocket=0'], /--display.*expected a port, 1\.\.65535/],
    [['--display', 'vnc=:0,password-file=/no/such'], /--display.*ENOENT/],
    [['--display', 'vnc=:0,sasl'], /--display.*"sasl"/],
    [['--colour'], /unknown option '--colour'/],
  ])('with %j says what is wrong in one line and exits 2', (args, text) => {
    const { status, stdout, stderr } = spawnSync(process.execPath, [cli, 'run', ...args], { encoding: 'utf8' });
    expect(status).toBe(2);
    expect(stdout).toBe('');
    expect(stderr.trim().split('\n')).toHaveLength(1);
    expect(stderr).toMatch(text);
  });

  it('--help names every option', () => {
    const help = execFileSync(process.execPath, [cli, 'run', '--help'], { encoding: 'utf8' });
    for (const option of ['frames', 'seconds', 'mode', 'vsync', 'variant', 'out', 'trace', 'json']) expect(help).toContain(`--${option}`);
  });
});
