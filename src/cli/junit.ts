/**
 * Results as JUnit XML, which CI servers show: a test case for each property of each world.
 */

export interface JunitCase {
  readonly property: string;
  /** The report of its failure; null: it holds, as far as was looked. */
  readonly failure: string | null;
}

export interface JunitSuite {
  readonly world: string;
  readonly seconds: number;
  /** What the search was worth, and what it guarantees. */
  readonly coverage: string;
  readonly cases: readonly JunitCase[];
}

export function junit(suites: readonly JunitSuite[]): string {
  const body = suites.map((suite) => {
    const { world, seconds, coverage, cases } = suite;
    const failures = cases.filter(({ failure }) => failure !== null).length;
    return [
      `  <testsuite name="${escaped(world)}" tests="${cases.length}" failures="${failures}" errors="0" time="${seconds.toFixed(3)}">`,
      ...cases.map((each) => caseLines(each, world)),
      `    <system-out>${escaped(coverage)}</system-out>`,
      '  </testsuite>',
    ].join('\n');
  });
  return `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites>\n${body.join('\n')}\n</testsuites>\n`;
}

function caseLines({ property, failure }: JunitCase, world: string): string {
  const head = `    <testcase classname="${escaped(world)}" name="${escaped(property)}"`;
  if (failure === null) return `${head}/>`;
  const [message = ''] = failure.split('\n');
  return `${head}>\n      <failure message="${escaped(message)}">${escaped(failure)}</failure>\n    </testcase>`;
}

/** As XML has it; characters that XML can't have at all become a replacement. */
function escaped(text: string): string {
  return text
    .replace(/[^\t\n\r\u{20}-\u{d7ff}\u{e000}-\u{fffd}\u{10000}-\u{10ffff}]/gu, '\u{fffd}')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}
