package io.blkspc.cli.serve;

import io.blkspc.api.BlockSpace;
import io.blkspc.api.BlockSpaceException;
import io.blkspc.api.BlockSpaceException.Code;
import io.blkspc.cli.fs.MountedVolumes;
import io.blkspc.cli.outcome.CommandFailure;
import io.blkspc.cli.pool.ServedLink;
import io.blkspc.nbd.service.ChangedBlocks;
import io.blkspc.nbd.service.ExportDescription;
import io.blkspc.nbd.service.ExportSource;
import java.util.List;

/**
 * The exports of a pool for its own commands: each under its name, for copies; and under {@link ServedLink#FILES} and its name for
 * one connection that has it for itself, as a command on its files needs it.
 */
final class OwnExports implements ExportSource {

    private final ExportSource all;
    private final MountedVolumes mounts;

    OwnExports(ExportSource all, MountedVolumes mounts) {
        this.all = all;
        this.mounts = mounts;
    }

    private static String plain(String name) {
        return isForFiles(name) ? name.substring(ServedLink.FILES.length()) : name;
    }

    private static boolean isForFiles(String name) {
        return name.startsWith(ServedLink.FILES);
    }

    @Override
    public List<ExportDescription> list() {
        return all.list();
    }

    @Override
    public ExportDescription describe(String name) {
        ExportDescription there = all.describe(plain(name));
        return there == null
                ? null
                : new ExportDescription(
                        name, there.description(), there.sizeBytes(), there.readOnly(), there.guaranteed());
    }

    @Override
    public BlockSpace open(String name) {
        if (!isForFiles(name)) {
            return all.open(name);
        }
        try {
            return mounts.openForFiles(plain(name), () -> all.open(plain(name)));
        } catch (CommandFailure inUse) {
            throw new BlockSpaceException(Code.BUSY, inUse.getMessage(), inUse);
        }
    }

    @Override
    public List<String> comparable(String export) {
        return all.comparable(plain(export));
    }

    @Override
    public ChangedBlocks compare(String export, String snapshot) {
        return all.compare(plain(export), snapshot);
    }
}
