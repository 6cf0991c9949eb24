package io.blkspc.api.model;

import io.blkspc.api.Allocation;
import io.blkspc.api.Geometry;
import io.blkspc.api.Mapping;
import io.blkspc.api.MappingState;
import io.blkspc.api.model.ModelOptions.InPlaceRule;
import io.blkspc.api.model.ModelVersion.Pointer;
import io.blkspc.api.model.ModelVersion.Stage;

/** One call of allocate: decides the first block, then goes on for as long as the next one continues it. */
final class ModelAllocation {

    private static final int BLOCK = Geometry.BLOCK_BYTES;
    private static final long NONE = -1;

    private final ModelPool pool;
    private final ModelVersion version;
    private final ModelCookie cookie;

    ModelAllocation(ModelPool pool, ModelVersion version, ModelCookie cookie) {
        this.pool = pool;
        this.version = version;
        this.cookie = cookie;
    }

    Allocation allocate(long offset, long count, Mapping mapping) {
        long first = offset / BLOCK;
        long end = first + pool.faults.shorten(count / BLOCK);
        Stage staged = version.stages.get(first);
        if (staged == null ? pool.faults.answersBusy() : staged.cookie() != cookie) {
            return Allocation.BUSY;
        }
        Pointer old = version.map.get(first);
        if (staged == null) {
            if (isInPlace(first, old, true)) {
                return inPlace(first, end, old, mapping);
            }
            if (!cookie.canTake(first)) {
                if (!isOwnUnwritten(old)) {
                    return Allocation.NO_CREDIT;
                }
                if (!mayFill(old)) {
                    pool.persist();
                }
                if (!mayFill(old)) {
                    return Allocation.BUSY; // a freeze is under way
                }
            }
            if (mayBeWrittenInPlace(old)) {
                return Allocation.BUSY;
            }
            if (isOwnUnwritten(old) && !mayFill(old) && !maySpare(old)) {
                pool.persist();
                if (!mayFill(old)) {
                    return Allocation.BUSY; // a freeze is under way
                }
            }
            long target = mayFill(old) ? old.physical() : pool.takeFresh();
            if (target == NONE) {
                return Allocation.BUSY;
            }
            staged = stage(first, old, target);
        }
        return staged(first, end, old, staged, mapping);
    }

    private Allocation staged(long first, long end, Pointer old, Stage staged, Mapping mapping) {
        long last = extend(first, end, old, staged);
        boolean shared = old != null && pool.isShared(version, old);
        mapping.set(
                first * BLOCK,
                (last - first) * BLOCK,
                state(old),
                staged.physical() * BLOCK,
                shared,
                version.generation);
        if (staged.isCow()) {
            mapping.source(staged.source() * BLOCK);
            return Allocation.COW;
        }
        return Allocation.UNWRITTEN;
    }

    private Allocation inPlace(long first, long end, Pointer start, Mapping mapping) {
        long block = first + 1;
        while (block < end) {
            Pointer next = version.map.get(block);
            if (version.stages.containsKey(block)
                    || !isInPlace(block, next, false)
                    || next.physical() != start.physical() + block - first) {
                break;
            }
            block++;
        }
        mapping.set(
                first * BLOCK,
                (block - first) * BLOCK,
                MappingState.WRITTEN,
                start.physical() * BLOCK,
                false,
                version.generation);
        return Allocation.IN_PLACE;
    }

    /** {@code true} when an overwrite of the block is allowed; may make it so with a persist point when asked. */
    private boolean isInPlace(long block, Pointer old, boolean mayPersist) {
        if (old == null || !old.written() || !version.owns(old)) {
            return false;
        }
        InPlaceRule rule = pool.options.inPlaceRule();
        if (rule == InPlaceRule.WHEN_OWNED) {
            return true;
        }
        boolean redirects = cookie.canTake(block) && !pool.blocks.isShort() && maySpare(old);
        if (rule == InPlaceRule.ONLY_WITHOUT_CREDIT && redirects) {
            return false;
        }
        if (pool.blocks.isNamedAboveMark(old.physical()) && mayPersist && !redirects) {
            pool.persist();
        }
        return !pool.blocks.isNamedAboveMark(old.physical());
    }

    /** What is guaranteed in full takes another block for one of its own only where nobody else was promised it. */
    private boolean maySpare(Pointer old) {
        return !version.isWhole() || old == null || !version.owns(old) || pool.available() > 0;
    }

    /**
     * Somebody with another lease may have been told to write the block in place: copying it now could miss that write.
     * Only a rule that answers differently for one and the same block meets this.
     */
    private boolean mayBeWrittenInPlace(Pointer old) {
        return pool.options.inPlaceRule() == InPlaceRule.ONLY_WITHOUT_CREDIT
                && version.writeLeases > 1
                && old != null
                && old.written()
                && version.owns(old)
                && !pool.blocks.isNamedAboveMark(old.physical());
    }

    /** The mapped unwritten block itself may be written where nobody else can see it. */
    private boolean mayFill(Pointer old) {
        return isOwnUnwritten(old) && version.gates == 0 && !pool.blocks.isNamedAboveMark(old.physical());
    }

    private boolean isOwnUnwritten(Pointer old) {
        return old != null && !old.written() && version.owns(old);
    }

    private Stage stage(long block, Pointer old, long target) {
        boolean fresh = old == null || target != old.physical();
        Stage stage = new Stage(cookie, target, fresh, old != null && old.written() ? old.physical() : NONE);
        pool.blocks.holdStaged(target);
        if (fresh || cookie.canTake(block)) {
            cookie.take(block, fresh);
        }
        version.stages.put(block, stage);
        return stage;
    }

    /** First block that does not continue the run. */
    private long extend(long first, long end, Pointer start, Stage staged) {
        long block = first + 1;
        for (; block < end; block++) {
            long wanted = staged.physical() + block - first;
            Pointer old = version.map.get(block);
            Stage there = version.stages.get(block);
            boolean sameKind = state(old) == state(start)
                    && (!staged.isCow() || old.physical() == staged.source() + block - first)
                    && (old == null || pool.isShared(version, old) == pool.isShared(version, start));
            if (!sameKind) {
                break;
            }
            if (there != null) {
                if (there.cookie() != cookie || there.physical() != wanted) {
                    break;
                }
            } else if (isInPlace(block, old, false)
                    || (!mayFill(old) && !(cookie.canTake(block) && maySpare(old)))
                    || !stageAt(block, old, wanted)) {
                break;
            }
        }
        return block;
    }

    private boolean stageAt(long block, Pointer old, long wanted) {
        long target;
        if (mayFill(old)) {
            target = old.physical() == wanted ? wanted : NONE;
        } else {
            target = pool.blocks.takeAt(wanted);
        }
        if (target != NONE) {
            stage(block, old, target);
        }
        return target != NONE;
    }

    private static MappingState state(Pointer old) {
        if (old == null) {
            return MappingState.HOLE;
        }
        return old.written() ? MappingState.WRITTEN : MappingState.UNWRITTEN;
    }
}
