package io.blkspc.host.core.crash;

import io.blkspc.api.Allocation;
import io.blkspc.api.BlockSpace;
import io.blkspc.api.CommitBatch;
import io.blkspc.api.CommitType;
import io.blkspc.api.Cookie;
import io.blkspc.api.Geometry;
import io.blkspc.api.Mapping;
import io.blkspc.api.MappingState;
import io.blkspc.api.client.ForwardingSpace;
import io.blkspc.host.core.crash.RuleCoverage.Rule;
import java.util.HashMap;
import java.util.Map;

/**
 * A space whose client may be slow between being told an address and using it, which is when a lease must protect it; and
 * which notes what rules the answers it gets come from.
 */
final class ObservedSpace extends ForwardingSpace {

    private final Workload workload;
    private final Runnable delay;
    /** Blocks allocated and not committed yet: where they are staged, and the epoch they were staged in. */
    private final Map<Long, long[]> staged = new HashMap<>();

    private boolean wroteInPlace;
    private boolean committed;

    ObservedSpace(BlockSpace space, Workload workload, Runnable delay) {
        super(space);
        this.workload = workload;
        this.delay = delay;
    }

    private void observe(Allocation answer, Mapping before, Mapping mapping) {
        boolean sameBlock = before.deviceOffsetBytes() == mapping.deviceOffsetBytes();
        switch (answer) {
            case IN_PLACE -> {
                wroteInPlace = true;
                workload.met(Rule.R1_IN_PLACE);
            }
            case COW -> workload.met(Rule.R1_REDIRECT_ABOVE_MARK, !mapping.shared());
            case UNWRITTEN -> {
                boolean owned = before.state() == MappingState.UNWRITTEN && !before.shared();
                workload.met(Rule.R6_UNWRITTEN_STAGE_IN_PLACE, owned && sameBlock);
                workload.met(Rule.R1_UNWRITTEN_REDIRECT_ABOVE_MARK, owned && !sameBlock);
            }
            default -> {}
        }
        if (answer == Allocation.COW || answer == Allocation.UNWRITTEN) {
            for (long at = 0; at < mapping.lengthBytes(); at += Geometry.BLOCK_BYTES) {
                long physical = (mapping.deviceOffsetBytes() + at) >> Geometry.BLOCK_SHIFT;
                staged.put(mapping.offsetBytes() + at, new long[] {physical, workload.epoch.getAsLong()});
                workload.met(Rule.R7_FREED_BLOCK_REUSED, !sameBlock && workload.named.get((int) physical));
            }
        }
    }

    private void observe(CommitBatch ranges) {
        committed = true;
        for (int i = 0; i < ranges.size(); i++) {
            for (long at = 0; at < ranges.lengthBytes(i); at += Geometry.BLOCK_BYTES) {
                long[] stage = staged.remove(ranges.offsetBytes(i) + at);
                if (stage != null) {
                    workload.named.set((int) stage[0]);
                    workload.met(Rule.R6_STAGE_ACROSS_FREEZE, stage[1] != workload.epoch.getAsLong());
                }
            }
        }
    }

    private void observeFua() {
        workload.met(Rule.R9_FUA_IN_PLACE, wroteInPlace && !committed);
        workload.met(Rule.R9_FUA_COMMITTED, committed);
    }

    @Override
    public void map(long offsetBytes, long countBytes, Mapping mapping) {
        super.map(offsetBytes, countBytes, mapping);
        delay.run();
    }

    @Override
    public Allocation allocate(Cookie cookie, long offsetBytes, long countBytes, Mapping mapping) {
        Mapping before = new Mapping();
        super.map(offsetBytes, countBytes, before);
        Allocation answer = super.allocate(cookie, offsetBytes, countBytes, mapping);
        observe(answer, before, mapping);
        if (answer.isWritable()) {
            delay.run();
        }
        return answer;
    }

    @Override
    public void commit(Cookie cookie, CommitType type, CommitBatch ranges) {
        delay.run();
        super.commit(cookie, type, ranges);
        observe(ranges);
    }

    @Override
    public void flush(long offsetBytes, long countBytes) {
        super.flush(offsetBytes, countBytes);
        observeFua();
    }
}
