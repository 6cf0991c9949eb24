package io.blkspc.nbd.testing;

import io.blkspc.api.BlockSpace;
import io.blkspc.nbd.service.ChangedBlocks;
import io.blkspc.nbd.service.ExportDescription;
import io.blkspc.nbd.service.ExportSource;
import java.util.List;

/** Exports that pass everything on to others: the base of those that observe or disturb what is opened. */
public abstract class ForwardingExports implements ExportSource {

    private final ExportSource below;

    protected ForwardingExports(ExportSource below) {
        this.below = below;
    }

    @Override
    public List<ExportDescription> list() {
        return below.list();
    }

    @Override
    public ExportDescription describe(String name) {
        return below.describe(name);
    }

    @Override
    public BlockSpace open(String name) {
        return below.open(name);
    }

    @Override
    public List<String> comparable(String export) {
        return below.comparable(export);
    }

    @Override
    public ChangedBlocks compare(String export, String snapshot) {
        return below.compare(export, snapshot);
    }

    @Override
    public ExportDescription defaultExport() {
        return below.defaultExport();
    }
}
