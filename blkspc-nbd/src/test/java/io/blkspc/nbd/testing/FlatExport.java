package io.blkspc.nbd.testing;

import io.blkspc.api.BlockSpace;
import io.blkspc.nbd.service.ExportDescription;
import io.blkspc.nbd.service.ExportSource;
import java.util.List;

/** One space as the only export, named {@code vol}; it outlives its connections. */
public record FlatExport(BlockSpace space) implements ExportSource {

    @Override
    public List<ExportDescription> list() {
        return List.of(new ExportDescription("vol", "flat", space.sizeBytes(), false, false));
    }

    @Override
    public ExportDescription describe(String name) {
        return name.equals("vol") ? list().getFirst() : null;
    }

    @Override
    public BlockSpace open(String name) {
        return space;
    }
}
