package io.blkspc.nbd.service;

import io.blkspc.api.BlockSpace;
import io.blkspc.api.BlockSpaceException;
import io.blkspc.api.BlockSpaceException.Code;
import io.blkspc.api.Comparison;
import io.blkspc.api.Pool;
import io.blkspc.api.VolumeInfo;
import java.util.ArrayList;
import java.util.List;

/** Every volume and snapshot of a pool, as it is at the moment of the call. */
public final class PoolExports implements ExportSource {

    private final Pool pool;
    private final boolean isReadOnly;

    /** Serves {@code pool}, which stays the caller's to close. */
    public PoolExports(Pool pool) {
        this(pool, false);
    }

    /**
     * Serves {@code pool}, which stays the caller's to close.
     *
     * @param isReadOnly the pool takes no writes, and every export says so
     */
    public PoolExports(Pool pool, boolean isReadOnly) {
        this.pool = pool;
        this.isReadOnly = isReadOnly;
    }

    @Override
    public List<ExportDescription> list() {
        List<ExportDescription> exports = new ArrayList<>();
        for (VolumeInfo info : pool.list()) {
            exports.add(describe(info));
        }
        return exports;
    }

    @Override
    public ExportDescription describe(String name) {
        VolumeInfo info = find(name);
        return info == null ? null : describe(info);
    }

    private VolumeInfo find(String name) {
        try {
            return pool.info(name);
        } catch (IllegalArgumentException e) {
            return null; // not even a legal name
        } catch (BlockSpaceException e) {
            if (e.code() == Code.NOT_FOUND) {
                return null;
            }
            throw e;
        }
    }

    @Override
    public BlockSpace open(String name) {
        return pool.open(name);
    }

    /** Those of its own volume, and the one that the volume was cloned from. */
    @Override
    public List<String> comparable(String export) {
        String volume = export.split("@", 2)[0];
        List<VolumeInfo> all = pool.list();
        String origin = all.stream()
                .filter(info -> info.name().equals(volume) && info.origin() != null)
                .map(VolumeInfo::origin)
                .findFirst()
                .orElse("");
        return all.stream()
                .filter(info -> info.type() == VolumeInfo.Type.SNAPSHOT)
                .map(VolumeInfo::name)
                .filter(name -> !name.equals(export))
                .filter(name -> name.startsWith(volume + '@') || name.equals(origin))
                .toList();
    }

    @Override
    public ChangedBlocks compare(String export, String snapshot) {
        VolumeInfo now = find(export);
        VolumeInfo before = find(snapshot);
        if (now == null || before == null || before.type() != VolumeInfo.Type.SNAPSHOT) {
            return null;
        }
        Comparison comparison = new Comparison(export, now.uuid(), snapshot, before.uuid());
        return (fromBytes, toBytes, maxRanges) -> pool.changedSince(comparison, fromBytes, toBytes, maxRanges);
    }

    private ExportDescription describe(VolumeInfo info) {
        String kind = info.type() == VolumeInfo.Type.SNAPSHOT ? "snapshot" : "volume";
        String text = info.origin() == null ? kind : kind + ", origin " + info.origin();
        boolean readOnly = isReadOnly || info.readOnly();
        boolean guaranteed = !readOnly && info.quota().guaranteeOf(info.sizeBytes()) == info.sizeBytes();
        return new ExportDescription(info.name(), text, info.sizeBytes(), readOnly, guaranteed);
    }
}
