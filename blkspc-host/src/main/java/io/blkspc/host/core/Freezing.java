package io.blkspc.host.core;

import io.blkspc.api.BlockSpaceException;
import io.blkspc.api.BlockSpaceException.Code;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Consumer;

/**
 * Keeps the writers out of live heads while a version is made of each (SEMANTICS R6), in this order: a persist point, so that the
 * stall is short; raise the gate; drain write leases; take the order lock; what is to be done; unlock and lower the gate. The order
 * lock is taken only after the leases ended.
 */
@SuppressWarnings("checkstyle:IllegalCatch") // whatever ends it, gates come down and promises go back
final class Freezing {

    private final Engine engine;
    private final Heads heads;
    private final WritePath writePath;
    private final Resizing resizing;

    Freezing(Engine engine, Heads heads, WritePath writePath, Resizing resizing) {
        this.engine = engine;
        this.heads = heads;
        this.writePath = writePath;
        this.resizing = resizing;
    }

    /**
     * Does something under the order lock while nobody writes to these volumes; it is handed their heads. Holds no lock before or
     * after.
     *
     * @throws BlockSpaceException {@code NOT_FOUND}; {@code BUSY} when writes in flight do not end: nothing was done
     */
    void with(Set<String> volumes, Consumer<List<Head>> work) {
        engine.persistence.persist();
        List<Head> raised = raise(volumes);
        try {
            drain(raised);
            engine.lock.lock();
            try {
                work.accept(raised);
            } finally {
                engine.lock.unlock();
            }
        } finally {
            engine.lock.lock();
            try {
                lower(raised);
            } finally {
                engine.lock.unlock();
            }
        }
    }

    /** The head whose gate was raised, unless it was destroyed since; another one may have its name by now. */
    Version require(String name, Collection<Head> frozen) {
        Version version = engine.catalogue.require(name);
        if (!frozen.contains(version.head)) {
            throw new BlockSpaceException(Code.NOT_FOUND, "volume was destroyed meanwhile: name=" + name);
        }
        Resizing.requireNoTail(version);
        return version;
    }

    private List<Head> raise(Set<String> volumes) {
        volumes.forEach(resizing::giveUpTail);
        List<Head> raised = new ArrayList<>();
        Head last = null;
        engine.lock.lock();
        try {
            for (String name : new TreeSet<>(volumes)) { // one order for everybody: no deadlock
                Head head = heads.of(engine.catalogue.require(name));
                Clearing.raise(engine, head);
                last = head; // ours, also when the list has no room for it
                raised.add(head);
            }
            return raised;
        } catch (RuntimeException | Error e) {
            if (last != null) {
                last.gate.lower();
            }
            lower(raised);
            throw e;
        } finally {
            engine.lock.unlock();
        }
    }

    private static void drain(List<Head> frozen) {
        for (Head head : frozen) {
            if (!head.gate.drain()) {
                throw new BlockSpaceException(Code.BUSY, "writes in flight did not end: volume=" + head.version.name);
            }
        }
    }

    @SuppressWarnings("ForLoopReplaceableByForEach") // which makes an iterator, and this must not need memory
    private void lower(List<Head> raised) {
        for (int i = 0; i < raised.size(); i++) {
            raised.get(i).gate.lower();
        }
        engine.lock.signalAll();
    }

    /** Covers what clients hold and what guarantees stand for once the heads are frozen, and then {@code more}. */
    @SuppressWarnings("ForLoopReplaceableByForEach") // as above
    void promise(List<Head> frozen, Runnable more) {
        try {
            for (Head head : frozen) {
                if (!writePath.promiseForFreeze(head)) {
                    HeadQuota quota = head.version.quota;
                    throw BlockSpaceException.outOfSpace(
                            quota != null && quota.isGuaranteed()
                                    ? quota.freezeFacts()
                                    : "reason=writes in flight could not be covered after the freeze");
                }
            }
            more.run();
        } catch (RuntimeException | Error e) {
            for (int i = 0; i < frozen.size(); i++) {
                engine.rebalance(frozen.get(i).version); // gives back what is not needed after all
            }
            throw e;
        }
    }

    /** Brings in line with the freeze what is staged, what stands promised and what was mapped. */
    void settle(List<Head> frozen) {
        for (Head head : frozen) {
            OwnStages.frozen(head);
            engine.rebalance(head.version);
            head.bumpGeneration();
        }
    }
}
