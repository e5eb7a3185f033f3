/**
 * A connection's side of the protocol: capabilities are negotiated, then commands are carried out.
 *
 * Invariant: it does no I/O, and every frame has one answer. Nothing but qmp_capabilities is carried out before the client has said it, and it hears
 * of no event before. What it doesn't have: capabilities, so no commands out of band; QEMU's extensions of JSON, such as 'single quotes'.
 */
import { describeError } from '../../base/errors.js';
import { command, type Commands, isObject } from './command.js';
import type { Frame } from './json-framer.js';
import { QmpError } from './protocol.js';

const MEMBERS = ['execute', 'arguments', 'id'];

export class QmpSession {
  private negotiated = false;
  private readonly negotiation = command({ enable: 'array?' }, ({ enable = [] }) => {
    if (enable.length > 0) throw new QmpError('GenericError', `Capability ${JSON.stringify(enable[0])} is not offered`);
    this.negotiated = true;
    return {};
  });

  constructor(private readonly commands: Commands) {}

  /** Whether the client is told of events. */
  get hearsEvents(): boolean {
    return this.negotiated;
  }

  /** What is answered; it never throws. */
  async answer(frame: Frame): Promise<object> {
    let id: { readonly id?: unknown } = {};
    try {
      const request = parse(frame);
      if (Object.hasOwn(request, 'id')) id = { id: request.id };
      return { return: await this.run(request), ...id };
    } catch (error) {
      const errorClass = error instanceof QmpError ? error.errorClass : 'GenericError';
      return { error: { class: errorClass, desc: describeError(error) }, ...id };
    }
  }

  private async run(request: Readonly<Record<string, unknown>>): Promise<unknown> {
    const unknown = Object.keys(request).find((name) => !MEMBERS.includes(name));
    if (unknown !== undefined) throw new QmpError('GenericError', `QMP input member '${unknown}' is unexpected`);
    const { execute } = request;
    if (execute === undefined) throw new QmpError('GenericError', "QMP input lacks member 'execute'");
    if (typeof execute !== 'string') throw new QmpError('GenericError', "QMP input member 'execute' must be a string");
    if (execute === 'qmp_capabilities') {
      if (this.negotiated) throw new QmpError('CommandNotFound', 'Capabilities negotiation is already complete, command ignored');
      return this.negotiation(request.arguments);
    }
    if (!this.negotiated) throw new QmpError('CommandNotFound', "Expecting capabilities negotiation with 'qmp_capabilities'");
    const found = this.commands.get(execute);
    if (found === undefined) throw new QmpError('CommandNotFound', `The command ${execute} has not been found`);
    return (await found(request.arguments)) ?? {};
  }
}

function parse(frame: Frame): Readonly<Record<string, unknown>> {
  if ('fault' in frame) throw new QmpError('GenericError', `JSON parse error, ${frame.fault}`);
  let value: unknown;
  try {
    value = JSON.parse(frame.text);
  } catch (error) {
    throw new QmpError('GenericError', `JSON parse error, ${describeError(error)}`);
  }
  if (!isObject(value)) throw new QmpError('GenericError', 'QMP input must be a JSON object');
  return value;
}
