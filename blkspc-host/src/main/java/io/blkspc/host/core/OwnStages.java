package io.blkspc.host.core;

import io.blkspc.host.extent.ExtentRun;

/**
 * Which stages of a head that is guaranteed in full are over blocks of its own: {@link HeadQuota} counts the others as blocks it
 * is about to own. Decided where a block is staged; a freeze and a merge change it. Under the order lock.
 */
final class OwnStages {

    private OwnStages() {}

    /** A head was frozen: it owns nothing below its stages. */
    static void frozen(Head head) {
        if (head.version.quota != null) {
            head.stages.frozen();
            head.version.quota.frozen();
        }
    }

    /** A version was merged into its child: if that is a head, blocks below its stages may have become its own. */
    static void merged(Engine engine, Version child) {
        HeadQuota quota = child.quota;
        if (child.head == null || quota == null || !quota.isWhole()) {
            return;
        }
        StageTable stages = child.head.stages;
        ExtentRun run = new ExtentRun();
        int index = 0;
        while (index < stages.size()) {
            long first = stages.end(index);
            if (stages.isFresh(index) && !stages.isOwn(index)) {
                first = ownedFrom(engine, child, stages.start(index), stages.end(index), run);
            }
            if (first < stages.end(index)) {
                long count = run.endBlock() - first;
                stages.markOwn(index, first, count); // which may cut it: its parts are looked at again
                quota.widened(count);
            } else {
                index++;
            }
        }
    }

    /** First block of its own in {@code [block, end)}, with its run; or {@code end}. */
    private static long ownedFrom(Engine engine, Version version, long block, long end, ExtentRun run) {
        for (long at = block; at < end; at = run.endBlock()) {
            Catalogue.lookup(engine.tree, version, at, end - at, run);
            if (run.state() != ExtentRun.NONE && run.birth() > version.ownedAfter()) {
                return at;
            }
        }
        return end;
    }
}
