/**
 * The page's beginning: makes the app and shows the shell.
 */
import { render } from 'preact';
import { createApp } from './app.js';
import { Shell } from './shell.js';
import { VIEWS } from './views.js';
import './shell.css';

const place = document.getElementById('app');
if (place !== null) render(<Shell app={createApp(VIEWS[0]?.name ?? '')} views={VIEWS} />, place);
