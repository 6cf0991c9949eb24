/**
 * What management commands do to an open pool. A command runs these in its own process or has the server run them: the
 * answers are the same plain JSON values.
 */
package io.blkspc.cli.action;
