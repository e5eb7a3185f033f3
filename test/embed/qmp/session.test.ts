/**
 * The protocol without a device: negotiation, what is wrong with a request, and how that is said.
 */
import { expect, it } from 'vitest';
import { command } from '../../../src/embed/qmp/command.js';
import { encode, QmpError, timed } from '../../../src/embed/qmp/protocol.js';
import { QmpSession } from '../../../src/embed/qmp/session.js';

let ran: unknown[] = [];
const COMMANDS = new Map([
  ['take', command({ text: 'string', number: 'integer?', list: 'array?' }, (given) => void ran.push(given))],
  [
    'fail',
    command({}, () => {
      throw new RangeError('it broke');
    }),
  ],
]);

/** The answer to a request of a session that is ready. */
async function answer(request: unknown): Promise<unknown> {
  const session = new QmpSession(COMMANDS);
  await session.answer({ text: '{"execute":"qmp_capabilities"}' });
  ran = [];
  return session.answer({ text: typeof request === 'string' ? request : JSON.stringify(request) });
}
const error = (desc: string, name = 'GenericError'): object => ({ error: { class: name, desc } });

it('carries nothing out and tells of no event before capabilities are negotiated, which is done once', async () => {
  const session = new QmpSession(COMMANDS);
  const say = (text: string): Promise<unknown> => session.answer({ text });
  expect(await say('{"execute":"take","arguments":{"text":"x"}}')).toEqual(
    error("Expecting capabilities negotiation with 'qmp_capabilities'", 'CommandNotFound'),
  );
  expect(await say('{"execute":"qmp_capabilities","arguments":{"enable":["oob"]}}')).toEqual(error('Capability "oob" is not offered'));
  expect(session.hearsEvents).toBe(false);
  expect(await say('{"execute":"qmp_capabilities","arguments":{"enable":[]},"id":7}')).toEqual({ return: {}, id: 7 });
  expect(session.hearsEvents).toBe(true);
  expect(await say('{"execute":"qmp_capabilities"}')).toEqual(
    error('Capabilities negotiation is already complete, command ignored', 'CommandNotFound'),
  );
});

it.each([
  [{ execute: 'nothing' }, error('The command nothing has not been found', 'CommandNotFound')],
  [{ execute: 'constructor' }, error('The command constructor has not been found', 'CommandNotFound')],
  [{ 'exec-oob': 'take' }, error("QMP input member 'exec-oob' is unexpected")],
  [{}, error("QMP input lacks member 'execute'")],
  [{ execute: 1 }, error("QMP input member 'execute' must be a string")],
  [{ execute: 'take', arguments: [] }, error("QMP input member 'arguments' must be an object")],
  [{ execute: 'take', arguments: null }, error("QMP input member 'arguments' must be an object")],
  [{ execute: 'take' }, error("Parameter 'text' is missing")],
  [{ execute: 'take', arguments: { text: 1 } }, error("Invalid parameter type for 'text', expected: string")],
  [{ execute: 'take', arguments: { text: '', number: 1.5 } }, error("Invalid parameter type for 'number', expected: integer")],
  [{ execute: 'take', arguments: { text: '', number: null } }, error("Invalid parameter type for 'number', expected: integer")],
  [{ execute: 'take', arguments: { text: '', list: {} } }, error("Invalid parameter type for 'list', expected: array")],
  [{ execute: 'take', arguments: { text: '', toString: 1 } }, error("Parameter 'toString' is unexpected")],
  ['{"execute":"take","arguments":{"text":"","__proto__":{}}}', error("Parameter '__proto__' is unexpected")],
])('%j is refused, and nothing is done', async (request, expected) => {
  expect(await answer(request)).toEqual(expected);
  expect(ran).toEqual([]);
});

it('what parses as no object is an error of JSON, and has no id', async () => {
  expect(await answer('{"execute":take,"id":1}')).toEqual({
    error: { class: 'GenericError', desc: expect.stringContaining('JSON parse error, ') },
  });
});

it('an id comes back whatever it is, with an error too', async () => {
  expect(await answer({ execute: 'take', arguments: { text: 'x' }, id: [null, { a: 1 }] })).toEqual({ return: {}, id: [null, { a: 1 }] });
  expect(ran).toEqual([{ text: 'x' }]);
  expect(await answer({ execute: 'fail', id: null })).toEqual({ ...error('it broke'), id: null });
});

it('lines are ASCII, and an event has its time', () => {
  expect(encode({ desc: 'ü𝄞\n' })).toBe('{"desc":"\\u00fc\\ud834\\udd1e\\n"}\r\n');
  expect(JSON.parse(encode({ desc: 'ü𝄞\n' }))).toEqual({ desc: 'ü𝄞\n' });
  expect(timed({ event: 'STOP' }, 12_345_678.9)).toEqual({ timestamp: { seconds: 12, microseconds: 345_678 }, event: 'STOP' });
  expect(new QmpError('GenericError', 'x').code).toBe('ERR_QMP');
});
