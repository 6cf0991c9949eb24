package io.blkspc.nbd.service;

import io.blkspc.api.BlockSpace;
import java.util.List;

/**
 * The exports of a server. Names are keys and nothing else: an implementation must not turn one into a path. Any thread
 * may call anything.
 */
public interface ExportSource {

    /** Every export, in the order in which clients shall see them. */
    List<ExportDescription> list();

    /** One export, without opening it, or {@code null} when there is none of that name. */
    ExportDescription describe(String name);

    /**
     * Opens an export for one connection, which closes it.
     *
     * @throws io.blkspc.api.BlockSpaceException {@code NOT_FOUND} when there is none of that name
     */
    BlockSpace open(String name);

    /** Full names of the snapshots that a client is told it can compare an export with. */
    default List<String> comparable(String export) {
        return List.of();
    }

    /** Compares an export with any snapshot by its full name; {@code null} when there is none that can be served. */
    default ChangedBlocks compare(String export, String snapshot) {
        return null;
    }

    /**
     * The export a client gets that names none: the only writable one, or {@code null} when there are several or none, so
     * that nobody writes to a volume by accident.
     */
    default ExportDescription defaultExport() {
        ExportDescription only = null;
        for (ExportDescription export : list()) {
            if (!export.readOnly()) {
                if (only != null) {
                    return null;
                }
                only = export;
            }
        }
        return only;
    }
}
