package io.blkspc.host.core;

import io.blkspc.api.BlockSpaceException;
import io.blkspc.api.BlockSpaceException.Code;
import io.blkspc.api.Geometry;
import io.blkspc.api.JobInfo;
import io.blkspc.api.JobInfo.Kind;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What the reaper has to do, as jobs. A job has the number of its version; when that was joined into another one and only its
 * deadlist is left to sort, it keeps the number until the next start.
 */
final class Jobs {

    private Jobs() {}

    /** All of them, the one that is done next first. Under the order lock. */
    static List<JobInfo> list(Catalogue catalogue) {
        Map<Long, JobInfo> jobs = new LinkedHashMap<>();
        Reaping reaping = catalogue.reaping;
        reaping.forEachJob((kind, version) -> {
            long id = jobs.isEmpty() ? idOfFirst(reaping, version) : version.id;
            JobInfo job = new JobInfo(
                    id,
                    kind,
                    version.name == null ? version.formerName : version.name,
                    jobs.isEmpty(),
                    percent(reaping, version),
                    Geometry.toBytes(bytes(kind, version)));
            jobs.putIfAbsent(id, job); // what is set aside for a version comes before the version itself
        });
        return List.copyOf(jobs.values());
    }

    private static long idOfFirst(Reaping reaping, Version version) {
        return reaping.setAside == null || reaping.setAside.merged == 0 ? version.id : reaping.setAside.merged;
    }

    private static int percent(Reaping reaping, Version version) {
        long done = 0;
        long all = 1;
        if (reaping.isSorting(version)) {
            done = reaping.setAside.cursor;
            all = reaping.setAside.list.entryCount();
        } else if (version.isDetached()) {
            done = version.reapCursor;
            all = version.mappableBlocks();
        }
        return done >= all ? 100 : Math.toIntExact(100 * done / all);
    }

    private static long bytes(Kind kind, Version version) {
        return kind == Kind.SHRINK
                ? Math.min(version.mappedBlocks, version.tailBlocks - version.sizeBlocks())
                : version.exclusiveBlocks;
    }

    /** Refuses a number that no version ever had. */
    static void requireKnown(Engine engine, long id) {
        engine.lock.lock();
        try {
            engine.checkOpen();
            if (id <= 0 || id >= engine.catalogue.nextVersionId()) {
                throw new BlockSpaceException(Code.NOT_FOUND, "no such job: id=" + id);
            }
        } finally {
            engine.lock.unlock();
        }
    }

    /** {@code true} until the job of this number is done. */
    static boolean isAtWork(Engine engine, long id) {
        engine.lock.lock();
        try {
            Reaping reaping = engine.catalogue.reaping;
            Version version = engine.catalogue.byId(id);
            return version == null
                    ? reaping.setAside != null && reaping.setAside.merged == id
                    : reaping.isAtWork(version);
        } finally {
            engine.lock.unlock();
        }
    }
}
