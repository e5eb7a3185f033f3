/**
 * What a page can ask for: methods, and topics that it can listen to.
 *
 * Invariant: a method that changes something says so, and is neither listed nor carried out unless the dashboard was opened for control.
 */
import { ArgumentError, describeError } from '../../base/errors.js';

/** Who has called a method. */
export interface Caller {
  /** Aborted when it has gone. */
  readonly signal: AbortSignal;
  /** Publishes to this caller alone, whether or not it has subscribed. */
  tell(topic: string, value: unknown): void;
}

/** Carries a method out; what it throws is told to the page as its message. The parameters are whatever a page has sent. */
export type Method = (params: Readonly<Record<string, unknown>>, caller: Caller) => unknown;

export interface MethodOptions {
  /** It changes something. Default false. */
  readonly control?: boolean;
}

export class MethodRegistry {
  private readonly methods = new Map<string, { readonly run: Method; readonly control: boolean }>();
  private readonly topics = new Set<string>();

  constructor(readonly isControl: boolean) {}

  method(name: string, run: Method, { control = false }: MethodOptions = {}): void {
    if (this.methods.has(name)) throw new ArgumentError(`there is a method "${name}" already`);
    this.methods.set(name, { run, control });
  }

  topic(name: string): void {
    this.topics.add(name);
  }

  hasTopic(name: string): boolean {
    return this.topics.has(name);
  }

  /** Methods that may be called. */
  get names(): readonly string[] {
    return [...this.methods].filter(([, { control }]) => this.isControl || !control).map(([name]) => name);
  }

  /** Calls a method. Never rejects. */
  async call(name: string, params: unknown, caller: Caller): Promise<{ readonly result: unknown } | { readonly error: string }> {
    const method = this.methods.get(name);
    if (method === undefined) return { error: `there is no method "${name.slice(0, 80)}"` };
    if (method.control && !this.isControl) return { error: `"${name}" changes something: start the command with --control to allow it` };
    if (typeof params !== 'object' || params === null || Array.isArray(params))
      return { error: `parameters of "${name}": expected an object` };
    try {
      return { result: (await method.run(params as Readonly<Record<string, unknown>>, caller)) ?? null };
    } catch (error) {
      return { error: describeError(error) };
    }
  }
}
