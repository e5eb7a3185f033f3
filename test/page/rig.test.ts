/**
 * The rig itself: it sees what a page shows, and a page's errors are not overlooked.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { pixelAt, pixelsOf, Rig } from './rig.js';

describe('the rig', () => {
  let rig: Rig;
  beforeAll(async () => {
    rig = await Rig.start();
  });
  afterAll(() => rig.close());

  it('sees the text and the pixels of a page', async () => {
    const page = await rig.open('data:text/html,<body style="margin:0;background:rgb(1,2,3)"><p>hello');
    expect(await page.textContent('p')).toBe('hello');
    const pixels = await pixelsOf(page);
    expect([pixels.width, pixels.height, pixelAt(pixels, 1270, 790)]).toEqual([1280, 800, '#010203']);
  });

  it('fails a test whose page has an error', async () => {
    await rig.open('data:text/html,<script>console.error("one");nothing.here</script>');
    expect(() => rig.check()).toThrow(/one[\s\S]*nothing is not defined/);
    expect(() => rig.check()).not.toThrow();
  });
});
