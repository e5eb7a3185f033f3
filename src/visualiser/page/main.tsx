/**
 * The page's beginning: makes the app and shows the shell.
 */
// First, so that the views' own rules come after it.
import './shell.css';
import { render } from 'preact';
import { createApp } from './app.js';
import { Shell } from './shell.js';
import { VIEWS } from './views.js';

const place = document.getElementById('app');
if (place !== null) render(<Shell app={createApp(VIEWS[0]?.name ?? '')} views={VIEWS} />, place);
