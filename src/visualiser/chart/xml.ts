/**
 * As much of XML as charts need: writing texts, and reading elements with their attributes.
 *
 * Invariant: a text of any content becomes well-formed XML; a document is read as XML 1.0 has it or refused by a ChartError that names
 * the place, and takes no more memory than a few times its length. What is not here, and refused: document types, so no entities but
 * XML's five and characters by number. Comments, processing instructions and texts between elements are skipped.
 */
import { CHART_MAX_DEPTH, CHART_MAX_SCXML } from '../../base/limits.js';
import { ChartError } from './model.js';

/** An element that was read. Names are as they stand in the document, with their prefixes. */
export interface XmlElement {
  readonly name: string;
  readonly attributes: ReadonlyMap<string, string>;
  readonly children: readonly XmlElement[];
}

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  '\n': '&#10;',
  '\t': '&#9;',
  '\r': '&#13;',
};
const ENTITIES: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

/** Characters that XML 1.0 has no place for, halves of surrogate pairs among them. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are the characters to leave out.
const IMPOSSIBLE = /[\0-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;

/** A text as it may stand in an element or an attribute. */
export function escapeXml(text: string): string {
  return text.replace(IMPOSSIBLE, '').replace(/[&<>"]/g, (letter) => ESCAPES[letter] ?? letter);
}

/** A text as it may stand in an attribute and is read back with its line breaks. */
export function escapeAttribute(text: string): string {
  return text.replace(IMPOSSIBLE, '').replace(/[&<>"\n\t\r]/g, (letter) => ESCAPES[letter] ?? letter);
}

/** The outermost element of a document. */
export function readXml(text: string): XmlElement {
  if (text.length > CHART_MAX_SCXML)
    throw new ChartError(`the document has ${text.length} characters, expected ${CHART_MAX_SCXML} at most`);
  return new XmlReader(text).read();
}

const NAME = /[\p{L}_][\p{L}\p{N}\-._:·]*/uy;
const SPACE = /[ \t\r\n]*/y;

class XmlReader {
  private at = 0;

  constructor(private readonly text: string) {}

  read(): XmlElement {
    if (this.text.startsWith('\ufeff')) this.at = 1;
    this.skip();
    if (this.text[this.at] !== '<') this.refuse('an element');
    const root = this.element(0);
    this.skip();
    if (this.at < this.text.length) this.refuse('the end of the document');
    return root;
  }

  private refuse(expected: string): never {
    const line = this.text.slice(0, this.at).split('\n').length;
    const found = this.at < this.text.length ? JSON.stringify(this.text.slice(this.at, this.at + 20)) : 'the end';
    throw new ChartError(`line ${line} of the document: ${found}, expected ${expected}`);
  }

  private match(pattern: RegExp): string {
    pattern.lastIndex = this.at;
    const found = pattern.exec(this.text)?.[0] ?? '';
    this.at += found.length;
    return found;
  }

  /** Skips what is no element: texts only within elements, so not here. */
  private skip(): void {
    for (;;) {
      this.match(SPACE);
      if (!this.skipMarkup()) return;
    }
  }

  private skipMarkup(): boolean {
    for (const [begin, end] of [
      ['<!--', '-->'],
      ['<?', '?>'],
      ['<![CDATA[', ']]>'],
    ] as const) {
      if (!this.text.startsWith(begin, this.at)) continue;
      const found = this.text.indexOf(end, this.at + begin.length);
      if (found < 0) this.refuse(`"${end}" at the end of this`);
      this.at = found + end.length;
      return true;
    }
    if (this.text.startsWith('<!', this.at)) this.refuse('no document type');
    return false;
  }

  private element(depth: number): XmlElement {
    if (depth > CHART_MAX_DEPTH) this.refuse(`elements at most ${CHART_MAX_DEPTH} deep`);
    this.at++;
    const name = this.match(NAME);
    if (name === '') this.refuse('the name of an element');
    const attributes = this.attributes();
    const children: XmlElement[] = [];
    if (this.text.startsWith('/>', this.at)) {
      this.at += 2;
      return { name, attributes, children };
    }
    if (this.text[this.at] !== '>') this.refuse('an attribute, ">" or "/>"');
    this.at++;
    for (;;) {
      const next = this.text.indexOf('<', this.at);
      if (next < 0) this.refuse(`</${name}>`);
      this.checkText(next);
      this.at = next;
      if (this.text.startsWith('</', this.at)) break;
      if (!this.skipMarkup()) children.push(this.element(depth + 1));
    }
    this.at += 2;
    if (this.match(NAME) !== name) this.refuse(`the end of the element ${name}`);
    this.match(SPACE);
    if (this.text[this.at] !== '>') this.refuse('">"');
    this.at++;
    return { name, attributes, children };
  }

  private attributes(): Map<string, string> {
    const attributes = new Map<string, string>();
    for (;;) {
      const space = this.match(SPACE);
      const name = this.match(NAME);
      if (name === '') return attributes;
      if (space === '') this.refuse('a space before the attribute');
      if (attributes.has(name)) this.refuse(`"${name}" once only`);
      this.match(SPACE);
      if (this.text[this.at] !== '=') this.refuse('"="');
      this.at++;
      this.match(SPACE);
      const quote = this.text[this.at];
      if (quote !== '"' && quote !== "'") this.refuse('a quoted value');
      const end = this.text.indexOf(quote, this.at + 1);
      if (end < 0) this.refuse(`${quote} at the end of this`);
      const raw = this.text.slice(this.at + 1, end);
      if (raw.includes('<')) this.refuse('a value without "<"');
      // As XML has it: line breaks and tabs of the document itself are spaces.
      attributes.set(name, this.unescaped(raw.replace(/\r\n|[\n\t\r]/g, ' ')));
      this.at = end + 1;
    }
  }

  private checkText(end: number): void {
    const text = this.text.slice(this.at, end);
    if (text.includes('&')) this.unescaped(text);
  }

  private unescaped(text: string): string {
    return text.replace(/&([^;&]{0,10};?)/g, (whole, inner: string) => {
      const name = inner.endsWith(';') ? inner.slice(0, -1) : '';
      const [, hexadecimal, decimal] = /^#(?:x([0-9a-fA-F]{1,6})|(\d{1,7}))$/.exec(name) ?? [];
      const code = hexadecimal !== undefined ? Number.parseInt(hexadecimal, 16) : decimal !== undefined ? Number(decimal) : -1;
      const letter =
        code >= 0 && code <= 0x10ffff ? String.fromCodePoint(code) : Object.hasOwn(ENTITIES, name) ? ENTITIES[name] : undefined;
      return letter ?? this.refuse(`no entity ${whole}`);
    });
  }
}
