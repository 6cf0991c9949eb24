/**
 * The copy-on-write radix tree of extents: what each block of each version maps to, and when it was born. Nodes are
 * immutable heap objects, found by id in a cache; behind the cache lies a node store, which is an index that can be rebuilt,
 * never the truth. Chronicle Map appears in one class of this package and nowhere else.
 */
package io.blkspc.host.extent;
