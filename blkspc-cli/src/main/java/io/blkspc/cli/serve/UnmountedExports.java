package io.blkspc.cli.serve;

import io.blkspc.api.BlockSpace;
import io.blkspc.cli.fs.MountedVolumes;
import io.blkspc.nbd.service.ChangedBlocks;
import io.blkspc.nbd.service.ExportDescription;
import io.blkspc.nbd.service.ExportSource;
import java.util.List;

/**
 * The exports of a pool, of which one that is mounted here is opened by nobody else: two writers who do not know of each other
 * destroy a file system.
 */
final class UnmountedExports implements ExportSource {

    private final ExportSource all;
    private final MountedVolumes mounts;

    UnmountedExports(ExportSource all, MountedVolumes mounts) {
        this.all = all;
        this.mounts = mounts;
    }

    @Override
    public List<ExportDescription> list() {
        return all.list();
    }

    @Override
    public ExportDescription describe(String name) {
        return all.describe(name);
    }

    /** As always, and {@code BUSY} while it is mounted. */
    @Override
    public BlockSpace open(String name) {
        return mounts.openUnmounted(name, () -> all.open(name));
    }

    @Override
    public List<String> comparable(String export) {
        return all.comparable(export);
    }

    @Override
    public ChangedBlocks compare(String export, String snapshot) {
        return all.compare(export, snapshot);
    }
}
