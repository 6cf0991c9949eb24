package io.blkspc.xfsish.buffer;

/** Somebody who may have buffers to himself, told apart by identity: a transaction, or a loader. */
public interface BufferHolder {}
