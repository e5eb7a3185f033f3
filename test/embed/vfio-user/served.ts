/**
 * `apple-gfx serve` as a process of its own, and what the system says that it holds.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

/** What a process holds. Taken while a client is connected that was answered: then nothing of earlier ones is being closed any more. */
export interface Holdings {
  /** How many descriptors of each kind, without those that each thread of Node's has for its event loop. */
  readonly descriptors: Readonly<Record<string, number>>;
  /** Mappings of memory that has a descriptor, by name, permissions and length. */
  readonly memory: readonly string[];
  readonly mappings: number;
  /** Threads with an event loop. The background queue makes some when it needs more, and keeps them. */
  readonly loops: number;
  readonly residentMiB: number;
}

/** What a thread's event loop has. */
const LOOP_DESCRIPTORS = [
  ['anon_inode:[eventpoll]', 1],
  ['anon_inode:[eventfd]', 1],
  ['pipe', 2],
] as const;

export class Served {
  /** What it has said so far. */
  said = '';
  /** Its exit code and the signal that ended it; null: it runs. */
  ended: unknown[] | null = null;
  readonly exited: Promise<unknown[]>;

  private constructor(private readonly child: ChildProcess) {
    this.exited = once(child, 'exit').then((ended) => {
      this.ended = ended;
      return ended;
    });
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      // The end is what counts.
      this.said = (this.said + text).slice(-100_000);
    });
  }

  /** Starts it and waits until it serves. `inherited` are its descriptors from 3 on. */
  static async start(args: readonly string[], inherited: readonly number[] = []): Promise<Served> {
    const options = { stdio: ['ignore', 'ignore', 'pipe', ...inherited] as ('ignore' | 'pipe' | number)[] };
    const served = new Served(spawn(process.execPath, ['dist/src/cli/main.js', 'serve', ...args], options));
    await served.until('vfio-user on');
    return served;
  }

  /** Waits until it has said something. Throws TypeError if it ends first. */
  async until(text: string): Promise<void> {
    while (!this.said.includes(text)) {
      if (this.ended) throw new TypeError(`it has ended with ${this.ended.join(', ')}, and said:\n${this.said}`);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }

  kill(signal: NodeJS.Signals): void {
    this.child.kill(signal);
  }

  /** Ends it, if it still runs, and waits until it has; its exit code. */
  async end(): Promise<unknown> {
    this.kill('SIGTERM');
    return (await this.exited)[0];
  }

  get holdings(): Holdings {
    const folder = `/proc/${this.child.pid}`;
    const descriptors: Record<string, number> = {};
    for (const fd of readdirSync(`${folder}/fd`)) {
      const kind = readlinkSync(`${folder}/fd/${fd}`).replace(/:\[\d+\]$/, '');
      descriptors[kind] = (descriptors[kind] ?? 0) + 1;
    }
    const loops = descriptors['anon_inode:[eventpoll]'] ?? 0;
    for (const [kind, each] of LOOP_DESCRIPTORS) descriptors[kind] = (descriptors[kind] ?? 0) - each * loops;
    const maps = readFileSync(`${folder}/maps`, 'utf8').trim().split('\n');
    const memory = maps.flatMap((line) => {
      const [, from = '', to = '', permissions = '', path = ''] = /^(\w+)-(\w+) (\S+) \S+ \S+ \d+\s*(.*)$/.exec(line) ?? [];
      if (!/memfd:|hugepage|\(deleted\)/.test(path)) return [];
      return [`${path} ${permissions} ${Number.parseInt(to, 16) - Number.parseInt(from, 16)}`];
    });
    const status = readFileSync(`${folder}/status`, 'utf8');
    const figure = (name: string): number => Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(status)?.[1]);
    return { descriptors, memory: memory.sort(), mappings: maps.length, loops, residentMiB: figure('VmRSS') / 1024 };
  }
}
