/**
 * A QMP client, for QEMU's monitor and for ours.
 */
import { once } from 'node:events';
import { connect } from 'node:net';
import { createInterface } from 'node:readline';

const CONNECT_MS = 20_000;
const PAUSE_MS = 50;

const pause = () => new Promise((resolve) => setTimeout(resolve, PAUSE_MS));

export class Qmp {
  #socket;
  #answers = [];
  #events = [];
  #waiting = new Set();

  constructor(socket) {
    this.#socket = socket;
    createInterface({ input: socket }).on('line', (line) => this.#take(JSON.parse(line)));
    socket.once('close', () => this.#wake());
  }

  /** Connected, with capabilities negotiated; waits until somebody listens at the path. */
  static async dial(path) {
    for (const began = Date.now(); ; await pause()) {
      const socket = connect(path);
      const connected = await Promise.race([once(socket, 'connect').then(() => true), once(socket, 'error').then(() => false)]).catch(
        () => false,
      );
      socket.on('error', () => undefined);
      if (connected) {
        const client = new Qmp(socket);
        await client.execute('qmp_capabilities');
        return client;
      }
      if (Date.now() - began > CONNECT_MS) throw new TypeError(`nobody listens at ${path}`);
    }
  }

  async execute(command, given) {
    this.#socket.write(`${JSON.stringify({ execute: command, ...(given && { arguments: given }) })}\n`);
    await this.#until(() => this.#answers.length > 0, `no answer to ${command}`);
    const answer = this.#answers.shift();
    if (answer.error) throw new TypeError(`${command}: ${answer.error.desc}`);
    return answer.return;
  }

  /** The next event of that name. */
  async event(name) {
    await this.#until(() => this.#events.some((each) => each.event === name), `no ${name}`);
    const [event] = this.#events.splice(
      this.#events.findIndex((each) => each.event === name),
      1,
    );
    return event;
  }

  close() {
    this.#socket.destroy();
  }

  #take(message) {
    if (message.event) this.#events.push(message);
    else if (!message.QMP) this.#answers.push(message);
    this.#wake();
  }

  #wake() {
    for (const each of this.#waiting) each();
  }

  async #until(holds, why) {
    const deadline = Date.now() + CONNECT_MS;
    while (!holds()) {
      if (this.#socket.destroyed) throw new TypeError(`${why}: the monitor has hung up`);
      const left = deadline - Date.now();
      if (left <= 0) throw new TypeError(`${why} within ${CONNECT_MS} ms`);
      await new Promise((resolve) => {
        const timer = setTimeout(resolve, left);
        const wake = () => {
          clearTimeout(timer);
          this.#waiting.delete(wake);
          resolve();
        };
        this.#waiting.add(wake);
      });
    }
  }
}
