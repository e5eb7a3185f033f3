/**
 * One picture of the timeline: of what the state is now.
 *
 * Invariant: nothing is kept between pictures but colours, which go with the theme, and small pictures of frames.
 */
import { paintCounters } from './paint-counters.js';
import { paintArrows, paintAxis, paintCursor, paintGrid, paintPicked } from './paint-over.js';
import { paintPictures } from './paint-pictures.js';
import { paintRows } from './paint-rows.js';
import { BusyShares, paintMinimap } from './minimap.js';
import { Colours, readPalette } from './palette.js';
import { prepare, type Scene } from './scene.js';
import type { TimelineState } from './state.js';
import { type Thumbnail, Thumbnails } from './thumbnails.js';

export class Drawing {
  private colours: Colours | null = null;
  private readonly thumbnails: Thumbnails;
  private readonly shares = new BusyShares();

  constructor(
    private readonly state: TimelineState,
    private readonly canvas: HTMLCanvasElement,
    private readonly map: HTMLCanvasElement,
  ) {
    this.thumbnails = new Thumbnails(() => {
      state.drawn.value++;
    });
  }

  stop(): void {
    this.thumbnails.stop();
  }

  /** The theme, or the size of the page's text, is another. */
  restyle(): void {
    const palette = readPalette(this.canvas);
    this.colours = new Colours(palette, (name) => this.state.model.names.text(name));
    this.state.size = palette.size;
  }

  /** Height of the axis. */
  get axis(): number {
    return Math.round(1.8 * this.state.size);
  }

  draw(): void {
    if (this.colours === null) this.restyle();
    this.drawMap();
    const scene = this.scene();
    if (scene === null) return;
    const { context, palette, width, height } = scene;
    context.globalAlpha = 1;
    context.fillStyle = palette.bg;
    context.fillRect(0, 0, width, height);
    if (!Number.isNaN(scene.model.start)) {
      paintGrid(scene);
      paintRows(scene);
      paintCounters(scene);
      paintPictures(scene);
      paintArrows(scene);
      if (scene.hovered !== null) paintPicked(scene, scene.hovered, false);
      if (scene.selected !== null) paintPicked(scene, scene.selected, true);
      paintAxis(scene);
      paintCursor(scene);
    }
    // For whoever waits for the picture.
    this.canvas.dataset.spans = String(scene.model.spans.length);
    this.canvas.dataset.complete = String(this.state.app.store.end !== null);
  }

  private scene(): Scene | null {
    const { state, colours, canvas } = this;
    const context = prepare(canvas);
    if (context === null || colours === null) return null;
    const [width, height] = [canvas.clientWidth, canvas.clientHeight];
    return {
      context,
      model: state.model,
      layout: state.layout.peek(),
      colours,
      palette: colours.palette,
      window: state.window.peek(),
      width,
      height,
      axis: this.axis,
      scrollTop: state.scrollTop.peek(),
      cursor: state.cursor,
      selected: state.selected.peek(),
      hovered: state.hovered.peek(),
      measured: state.measured.peek(),
      matches: state.matcher,
      thumbnails: this.pictures(width),
      allArrows: state.allArrows.peek(),
    };
  }

  private pictures(width: number): readonly Thumbnail[] {
    const { state } = this;
    return state.layout.peek().strips.flatMap((strip) => {
      if (strip.kind !== 'pictures') return [];
      const frames = state.app.store.frames.filter(({ display }) => display === strip.display);
      const last = frames.at(-1);
      const across = last === undefined ? 1 : (strip.height * last.width) / Math.max(1, last.height);
      return this.thumbnails.of(frames, state.window.peek(), width, across);
    });
  }

  private drawMap(): void {
    const { state, colours, map } = this;
    const context = prepare(map);
    if (context === null || colours === null) return;
    const { palette } = colours;
    const { model } = state;
    paintMinimap({
      context,
      model,
      palette,
      shares: this.shares.of(model, Math.floor(map.clientWidth)),
      notes: state.app.store.notes,
      window: state.window.peek(),
      cursor: state.cursor,
      width: map.clientWidth,
      height: map.clientHeight,
    });
  }
}
