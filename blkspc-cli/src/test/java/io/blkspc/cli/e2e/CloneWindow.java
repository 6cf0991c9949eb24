package io.blkspc.cli.e2e;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * The time between sending a clone command and its return. Every write replied to before it began is in the clone, every
 * write submitted after it ended is not: the {@link VolumeOracle} of the clone judges that. Each other write may be in or
 * out, but together they must name one moment: {@link #contradiction}.
 */
final class CloneWindow {

    private final History history;
    private final VolumeOracle origin;
    private final VolumeOracle clone;
    private final List<History.Operation> undecided = new ArrayList<>();

    CloneWindow(History history, VolumeOracle origin, VolumeOracle clone, List<History.Operation> inFlight) {
        this.history = history;
        this.origin = origin;
        this.clone = clone;
        inFlight.forEach(this::begun);
    }

    void begun(History.Operation operation) {
        if (operation.oracle() == origin && operation.change() == History.Change.WRITE) {
            undecided.add(operation);
        }
    }

    /** To be called right after the clone command returned; gives the judge of the clone. */
    VolumeOracle end() {
        synchronized (history) {
            history.endClone(this);
            clone.cutAt(history.tick(), origin);
            return clone;
        }
    }

    /** Number of writes that the clone may hold or not. */
    int undecidedCount() {
        return undecided.size();
    }

    /**
     * Looks for a write that is in the clone although an earlier one, replied to before this one was sent, is not.
     *
     * @param seqs the write that each sector of the clone holds, 0 for none
     */
    Optional<String> contradiction(long[] seqs) {
        synchronized (history) {
            History.Operation lastIn = null;
            History.Operation firstOut = null;
            for (History.Operation write : undecided) {
                if (isIn(write, seqs) && (lastIn == null || write.submitTick() > lastIn.submitTick())) {
                    lastIn = write;
                }
                if (isOut(write, seqs) && (firstOut == null || replyTick(write) < replyTick(firstOut))) {
                    firstOut = write;
                }
            }
            return lastIn == null || firstOut == null || replyTick(firstOut) > lastIn.submitTick()
                    ? Optional.empty()
                    : Optional.of("in the clone: " + lastIn.seq() + ", not in it although replied to before: "
                            + firstOut.seq());
        }
    }

    private boolean isIn(History.Operation write, long[] seqs) {
        for (int i = 0; i < write.sectorCount(); i++) {
            if (seqs[write.firstSector() + i] == write.seq()) {
                return true;
            }
        }
        return false;
    }

    /** Whether some sector holds a write that is certainly older. */
    private boolean isOut(History.Operation write, long[] seqs) {
        for (int i = 0; i < write.sectorCount(); i++) {
            long found = seqs[write.firstSector() + i];
            if (found != 0 && history.replyTick(found) < write.submitTick()) {
                return true;
            }
        }
        return false;
    }

    private long replyTick(History.Operation write) {
        return history.replyTick(write.seq());
    }
}
