/**
 * The seam between the deterministic engine and threads and time. Production uses {@link
 * io.blkspc.host.sched.SystemScheduler}; tests put a seeded scheduler here that runs one task at a time.
 */
package io.blkspc.host.sched;
