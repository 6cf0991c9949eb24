/**
 * What people type and read: sizes, names, tables, JSON, progress, and what the terminal can show.
 */
package io.blkspc.cli.text;
