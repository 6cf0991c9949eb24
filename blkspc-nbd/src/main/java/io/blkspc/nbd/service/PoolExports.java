package io.blkspc.nbd.service;

import io.blkspc.api.BlockSpace;
import io.blkspc.api.BlockSpaceException;
import io.blkspc.api.BlockSpaceException.Code;
import io.blkspc.api.Pool;
import io.blkspc.api.VolumeInfo;
import java.util.ArrayList;
import java.util.List;

/** Every volume and snapshot of a pool, as it is at the moment of the call. */
public final class PoolExports implements ExportSource {

    private final Pool pool;

    /** Serves {@code pool}, which stays the caller's to close. */
    public PoolExports(Pool pool) {
        this.pool = pool;
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
        try {
            return describe(pool.info(name));
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

    private static ExportDescription describe(VolumeInfo info) {
        String kind = info.type() == VolumeInfo.Type.SNAPSHOT ? "snapshot" : "volume";
        String text = info.origin() == null ? kind : kind + ", origin " + info.origin();
        boolean guaranteed = !info.readOnly() && info.quota().guaranteeOf(info.sizeBytes()) == info.sizeBytes();
        return new ExportDescription(info.name(), text, info.sizeBytes(), info.readOnly(), guaranteed);
    }
}
