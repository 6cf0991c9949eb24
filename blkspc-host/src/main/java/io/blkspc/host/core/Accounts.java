package io.blkspc.host.core;

import io.blkspc.host.alloc.Ledger.Resource;

/**
 * What a running pool counts as in use at one moment, so that a check can compare it with what the versions of that moment hold.
 *
 * @param sequence of the last record appended
 * @param usedBlocks data blocks in use, without those staged for a commit
 * @param usedNodes node slots in use
 */
record Accounts(long sequence, long usedBlocks, long usedNodes) {

    /** Of now. Under the order lock. */
    static Accounts of(Engine engine) {
        long staged = 0;
        for (Head head : engine.heads()) {
            StageTable stages = head.stages;
            for (int i = 0; i < stages.size(); i++) {
                staged += stages.isFresh(i) ? stages.count(i) : 0;
            }
        }
        return new Accounts(
                engine.journal.lastSequence(),
                engine.ledger.used(Resource.DATA_BLOCKS) - staged,
                engine.ledger.used(Resource.NODE_SLOTS));
    }
}
