/**
 * One QEMU with a guest in it: booted, told what to do over its serial console, and ended.
 *
 * Invariant: every wait ends: by the line that was waited for, by QEMU's end, or by time; the error says what the guest said last. What QEMU
 * itself says is kept, since a device that does well leaves it with nothing to say.
 */
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { Qmp } from './qmp.mjs';

/** A guest comes up in 6 s where nothing else runs; what is waited for here is a machine that has more to do. */
const BOOT_MS = 120_000;
const COMMAND_MS = 120_000;
const LAST_LINES = 12;
const MEGABYTES = 256;
/** Says nothing but what goes wrong, and leaves out what takes an emulated processor long and this guest doesn't need. */
const KERNEL_LINE = [
  'console=ttyS0 quiet panic=-1 8250.nr_uarts=1 i8042.noaux i8042.noprobe',
  'mitigations=off nokaslr tsc=reliable no_timer_check cryptomgr.notests audit=0',
].join(' ');

/** A device, as QEMU is told of it: the guest has the first, number 1, as 0000:01:00.0. */
export const deviceOf = (socketPath, number = 1) => ({
  driver: 'vfio-user-pci',
  id: `gfx${number}`,
  bus: `bus${number}`,
  socket: { path: socketPath, type: 'unix' },
});

const portOf = (number) => ['-device', `pcie-root-port,id=bus${number},slot=${number},chassis=${number}`];

export class VirtualMachine {
  #child;
  #lines = [];
  #said = [];
  #wake = () => undefined;
  #ended = null;
  errors = '';

  /** Starts QEMU, with a device for each socket. */
  constructor({ parts, initrd, socketPaths, qmpPath, iommu }) {
    const memory = `${MEGABYTES}M`;
    const [command, ...first] = parts.qemu;
    this.#child = spawn(command, [
      ...first,
      ...['-accel', 'tcg', '-m', memory, '-nodefaults', '-no-reboot', '-display', 'none', '-serial', 'stdio'],
      ...['-object', `memory-backend-memfd,id=memory,size=${memory},share=on`, '-machine', 'q35,memory-backend=memory'],
      ...['-kernel', parts.kernel, '-initrd', initrd],
      ...['-append', `${KERNEL_LINE}${iommu ? ' intel_iommu=on' : ''}`],
      ...(iommu ? ['-device', 'intel-iommu,caching-mode=on,intremap=on'] : []),
      ...socketPaths.flatMap((path, at) => [...portOf(at + 1), '-device', JSON.stringify(deviceOf(path, at + 1))]),
      ...['-qmp', `unix:${qmpPath},server=on,wait=off`],
    ]);
    this.#child.stderr.on('data', (bytes) => {
      this.errors += bytes;
    });
    createInterface({ input: this.#child.stdout }).on('line', (line) => {
      const text = line.replaceAll('\r', '');
      this.#lines.push(text);
      this.#said = [...this.#said, text].slice(-LAST_LINES);
      this.#wake();
    });
    // A guest that is gone reads no more, which its end tells better.
    this.#child.stdin.on('error', () => undefined);
    this.ended = new Promise((resolve) => {
      const end = (how) => {
        this.#ended = how;
        this.#wake();
        resolve(how);
      };
      this.#child.once('error', (error) => end(error.message));
      this.#child.once('close', (status, signal) => end(signal ?? status));
    });
  }

  /** Waits until the guest takes commands. */
  async ready(qmpPath) {
    const lines = await this.line(/^ready$/, BOOT_MS);
    const failure = lines.find((line) => line.startsWith('FAILED '));
    if (failure) throw this.#failure(failure);
    this.qmp = await Qmp.dial(qmpPath);
  }

  /** The lines up to the next one that looks like that, which is the last of them. */
  async line(looks, timeoutMs = COMMAND_MS) {
    const deadline = Date.now() + timeoutMs;
    for (;;) {
      const at = this.#lines.findIndex((line) => looks.test(line));
      if (at >= 0) return this.#lines.splice(0, at + 1);
      if (this.#ended !== null) throw this.#failure(`QEMU ended (${this.#ended})`);
      const left = deadline - Date.now();
      if (left <= 0) throw this.#failure(`no ${looks} came within ${timeoutMs / 1000} s`);
      await new Promise((resolve) => {
        const timer = setTimeout(resolve, left);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }

  /** Has the guest do something; doesn't wait. */
  say(text) {
    this.#child.stdin.write(`${text}\n`);
  }

  /** Has the guest's shell run a command; returns the lines that it printed, and fails if it failed. */
  async run(command) {
    this.say(command);
    const lines = await this.line(/^done \d+$/);
    const failure = lines.find((line) => line.startsWith('FAILED ')) ?? (lines.at(-1) === 'done 0' ? undefined : lines.at(-1));
    if (failure) throw new TypeError(`"${command}": ${failure}`);
    return lines.slice(0, -1);
  }

  /** Has the guest switch itself off; returns QEMU's exit status. */
  async powerOff() {
    this.say('poweroff -f');
    return this.ended;
  }

  /** Ends QEMU without a word, as a crash does. */
  async kill() {
    this.#child.kill('SIGKILL');
    this.qmp?.close();
    return this.ended;
  }

  #failure(text) {
    const said = [
      ...this.#said.map((line) => `  guest: ${line}`),
      ...this.errors
        .split('\n')
        .filter(Boolean)
        .map((line) => `  QEMU: ${line}`),
    ];
    return new TypeError([text, ...said].join('\n'));
  }
}
