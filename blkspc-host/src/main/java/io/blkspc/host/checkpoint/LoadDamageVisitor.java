package io.blkspc.host.checkpoint;

import io.blkspc.api.BlockSpaceException;

/** Learns what of a checkpoint cannot be read. */
public interface LoadDamageVisitor {

    /** The table of a segment: which objects it held is not known, only how many. */
    void segment(int liveObjects, BlockSpaceException problem);

    /** One object. */
    void object(ObjectKind kind, long id, BlockSpaceException problem);
}
