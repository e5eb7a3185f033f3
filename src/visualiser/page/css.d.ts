/**
 * Style sheets are imported for what they do, and have no value.
 */
declare module '*.css';
