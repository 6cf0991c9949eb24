package io.blkspc.nbd.handshake;

import io.blkspc.nbd.protocol.DirtyBitmap;
import io.blkspc.nbd.protocol.MetaContext;
import io.blkspc.nbd.protocol.MetaContextRequest;
import io.blkspc.nbd.service.ChangedBlocks;
import io.blkspc.nbd.service.ExportSource;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** The metadata contexts that one client has chosen so far, and for which export. Owned by the connection's thread. */
final class ContextChoice {

    private static final MetaContext[] CONTEXTS = MetaContext.values();

    private final ExportSource exports;
    private String export;

    /** By name on the wire and in the order of their ids. */
    private final Map<String, Integer> ids = new LinkedHashMap<>();

    private final List<ChangedBlocks> bitmaps = new ArrayList<>();

    ContextChoice(ExportSource exports) {
        this.exports = exports;
    }

    /** Forgets everything: what every SET_META_CONTEXT begins with, also one that fails. */
    void clear() {
        export = null;
        ids.clear();
        bitmaps.clear();
    }

    /**
     * Chooses what the queries select.
     *
     * @param exportName the export's own name, not what the client called it
     * @return ids by the names to tell, or {@code null} when that were too many; then nothing is chosen
     */
    Map<String, Integer> choose(String exportName, MetaContextRequest request) {
        clear();
        for (MetaContext context : CONTEXTS) {
            if (request.queries().stream().anyMatch(context::isSelectedBy)) {
                ids.put(context.contextName(), context.id());
            }
        }
        for (String query : request.queries()) {
            String snapshot = DirtyBitmap.snapshot(exportName, query);
            if (snapshot == null || ids.containsKey(query)) {
                continue;
            }
            if (bitmaps.size() == DirtyBitmap.MAX_CHOSEN) {
                clear();
                return null;
            }
            ChangedBlocks changed = exports.compare(exportName, snapshot);
            if (changed != null) {
                ids.put(query, DirtyBitmap.id(bitmaps.size()));
                bitmaps.add(changed);
            }
        }
        export = exportName;
        return ids;
    }

    /** Names for a list: of all contexts when nothing is asked for. */
    Set<String> listed(String exportName, MetaContextRequest request) {
        Set<String> names = new LinkedHashSet<>();
        boolean all = request.queryCount() == 0;
        for (MetaContext context : CONTEXTS) {
            if (all || request.queries().stream().anyMatch(context::isListedBy)) {
                names.add(context.contextName());
            }
        }
        if (all || request.queries().stream().anyMatch(DirtyBitmap::isListedBy)) {
            for (String snapshot : exports.comparable(exportName)) {
                names.add(DirtyBitmap.contextName(exportName, snapshot));
            }
        }
        for (String query : request.queries()) {
            String snapshot = DirtyBitmap.snapshot(exportName, query);
            if (snapshot != null && !names.contains(query) && exports.compare(exportName, snapshot) != null) {
                names.add(query);
            }
        }
        return names;
    }

    /** Bits of what was chosen for one export; 0 when the last choice was for another. */
    int forExport(String exportName) {
        if (!exportName.equals(export)) {
            return 0;
        }
        int bits = DirtyBitmap.bits(bitmaps.size());
        for (MetaContext context : CONTEXTS) {
            bits |= ids.containsKey(context.contextName()) ? context.bit() : 0;
        }
        return bits;
    }

    /** What the chosen contexts of {@link DirtyBitmap} are about, in the order of their ids. */
    List<ChangedBlocks> bitmaps() {
        return List.copyOf(bitmaps);
    }
}
