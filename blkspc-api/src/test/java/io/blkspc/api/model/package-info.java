/**
 * The simplest correct host, in memory and under one monitor: the oracle other hosts are compared with, and the host that
 * tests of clients run on. It has hooks that make every rare answer of the contract frequent.
 */
package io.blkspc.api.model;
